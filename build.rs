//! Compiles `proto/dmpc/v1/*.proto` without protoc: protox parses, tonic-prost-build generates the types and services,
//! pbjson-build the JSON form of what clients and nodes exchange.

use std::{env, error::Error, fs, path::PathBuf};

const FILES: [&str; 4] = ["operation.proto", "transaction.proto", "node.proto", "peer.proto"];
/// Its messages alone have a JSON form: what is hashed or signed has its bytes and no other form.
const JSON_FILE: &str = "dmpc/v1/node.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto/dmpc/v1");
    let paths = FILES.map(|name| format!("dmpc/v1/{name}"));
    let descriptors = protox::compile(paths, ["proto"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), prost::Message::encode_to_vec(&descriptors))?;
    let mut json = pbjson_build::Builder::new();
    for file in descriptors.file.iter().filter(|file| file.name() == JSON_FILE) {
        json.register_file_descriptor(file.clone());
    }
    json.out_dir(&out).build(&[".dmpc.v1"])?;
    tonic_prost_build::configure().build_transport(false).bytes(".").compile_fds(descriptors)?;
    Ok(())
}
