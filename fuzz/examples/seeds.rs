//! Writes the seeds that are absent into `seeds/`, beside this package's manifest.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for seed in dmpc_fuzz::seeds::fixed().into_iter().chain(dmpc_fuzz::seeds::sealed()) {
        let folder = root.join(seed.target);
        fs::create_dir_all(&folder)?;
        let path = folder.join(&seed.name);
        if !path.exists() {
            fs::write(&path, &seed.bytes)?;
        }
    }
    Ok(())
}
