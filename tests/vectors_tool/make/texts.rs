//! JSON frames that are refused before there is a message.

use anyhow::Result;

use super::{
    file::{Case, File},
    json::Json,
    sealed::Sealed,
};

pub(super) fn files(_: &mut Sealed) -> Result<Vec<File>> {
    let case = |name: &str, text: &[u8]| {
        let case = Case::new(name, "").input("message", "ClientFrame").input("max_bytes", 256_u64);
        case.input("bytes", Json::hex(text))
    };
    let refused = |name: &str, text: &[u8], reason| case(name, text).refused("malformed", reason);
    let good = br#"{"id":"7","nodeInfo":{}}"#;
    let deep = [vec![b'['; 33], vec![b']'; 33]].concat();
    let long = [good.as_slice(), &[b' '; 256]].concat();
    let accepted = File::new("json/frames", "json", "JSON frames of a client.")
        .case(case("node_info", good).accepted())
        .case(case("white space around it", b" \t\r\n{ \"id\" : 7 , \"nodeInfo\" : {} }\n").accepted());
    let flaws = File::new("json/flaw/frames", "json", "Texts that are refused, each for another reason.").cases([
        refused("duplicate key", br#"{"id":"7","id":"7","nodeInfo":{}}"#, "duplicate_key"),
        refused("duplicate key, one of them escaped", br#"{"id":"7","\u0069d":"7","nodeInfo":{}}"#, "duplicate_key"),
        refused("a key under both of its names", br#"{"nodeInfo":{},"node_info":{}}"#, "duplicate_key"),
        refused("unknown key", br#"{"id":"7","colour":"red"}"#, "unknown_field"),
        refused("a value of another type", br#"{"id":{},"nodeInfo":{}}"#, "bad_value"),
        refused("not JSON", br#"{"id":"7",}"#, "not_json"),
        refused("cut off", br#"{"id":"7","nodeInfo":{"#, "truncated"),
        refused("something behind it", br#"{"id":"7"} {}"#, "trailing_bytes"),
        refused("half of a surrogate pair", br#"{"id":"\ud800"}"#, "lone_surrogate"),
        refused("not UTF-8", b"{\"id\":\"\xff\"}", "not_utf8"),
        case("33 levels", &deep).refused("too_large", "too_deep"),
        case("more bytes than the front end takes", &long).refused("too_large", "too_long"),
    ]);
    Ok(vec![accepted, flaws])
}
