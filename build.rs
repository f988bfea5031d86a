//! Compiles `proto/dmpc/v1/*.proto` without protoc: protox parses, tonic-prost-build generates.

use std::{env, error::Error, fs, path::PathBuf};

const FILES: [&str; 3] = ["operation.proto", "transaction.proto", "node.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto/dmpc/v1");
    let paths = FILES.map(|name| format!("dmpc/v1/{name}"));
    let descriptors = protox::compile(paths, ["proto"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), prost::Message::encode_to_vec(&descriptors))?;
    tonic_prost_build::configure().build_transport(false).bytes(".").compile_fds(descriptors)?;
    Ok(())
}
