//! Writes the test vectors of the project into `tests/vectors`: `make vectors`.
//!
//! Everything is determined by the tool, but for the bytes of age, which draws its own randomness: those are kept in
//! `tests/vectors/sealed.json` and made anew only where what they are to hold has changed.

mod make;

use std::{fs, path::Path};

use anyhow::{Context, Result};

use make::sealed::Sealed;

fn main() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let kept = folder.join(make::SEALED);
    let kept = if kept.exists() { fs::read(kept)? } else { br#"{"sealed": []}"#.to_vec() };
    let mut sealed = Sealed::parse(&kept, true).context("remove sealed.json to seal everything anew")?;
    let files = make::all(&mut sealed)?;
    for family in make::FAMILIES {
        let family = folder.join(family);
        if family.exists() {
            fs::remove_dir_all(family)?;
        }
    }
    for (path, text) in &files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().context("a vector has no folder")?)?;
        fs::write(path, text)?;
    }
    println!(
        "{} files, {} bytes, in {}",
        files.len(),
        files.values().map(String::len).sum::<usize>(),
        folder.display()
    );
    println!("digest {}", make::digest(&files));
    Ok(())
}
