//! Writes the seeds into `seeds/`, beside this package's manifest. Those that age seals are written only where they are
//! absent: age draws randomness, so each time they are others.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let fixed = dmpc_fuzz::seeds::fixed().into_iter().map(|seed| (seed, true));
    let sealed = dmpc_fuzz::seeds::sealed().into_iter().map(|seed| (seed, false));
    for (seed, anew) in fixed.chain(sealed) {
        let folder = root.join(seed.target);
        fs::create_dir_all(&folder)?;
        let path = folder.join(&seed.name);
        if anew || !path.exists() {
            fs::write(&path, &seed.bytes)?;
        }
    }
    Ok(())
}
