//! Settings: from the file, the environment and flags; what is refused, and that the commented example is true.

use std::{collections::BTreeMap, fs, path::Path};

use dmpc_node::config::{Config, layers};

/// The commented example.
fn example() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/dmpc-node.toml")).unwrap()
}

/// The lines of the example that are settings, uncommented.
fn uncommented() -> String {
    let is_setting = |line: &str| {
        line.split_once(" = ").is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    };
    let plain = |line: &str| line.strip_prefix("# ").filter(|line| is_setting(line)).map(str::to_owned);
    example().lines().map(|line| plain(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn refused(text: &str) -> String {
    layers::load(Some(("node.toml", text)), &BTreeMap::new(), &[]).unwrap_err().to_string()
}

#[test]
fn the_example_says_nothing_as_it_stands() {
    let layered = layers::load(Some(("example", &example())), &BTreeMap::new(), &[]).unwrap();
    assert_eq!(layered.config, Config::default());
}

#[test]
fn the_example_uncommented_has_every_setting_with_its_default() {
    let text = uncommented();
    let mut config = toml::from_str::<Config>(&text).unwrap();
    // Four settings have no default; the example shows one.
    assert!(
        config.metrics.take().is_some()
            && config.peer.listen.take().is_some()
            && config.tls.certificate.take().is_some()
            && config.tls.key.take().is_some()
    );
    assert_eq!(config, Config::default());
    let table: toml::Table = toml::from_str(&text).unwrap();
    for (path, _) in layers::settings() {
        let found = path.split('.').try_fold(toml::Value::Table(table.clone()), |value, key| value.get(key).cloned());
        assert!(found.is_some(), "the example lacks {path}");
    }
}

#[test]
fn a_flag_wins_over_the_environment_which_wins_over_the_file() {
    let file = "grpc = \"127.0.0.1:1\"\nws = \"127.0.0.1:1\"\nmetrics = \"127.0.0.1:1\"\n[limits]\nconnections = 1\n";
    let environment =
        environment(&[("DMPC_WS", "127.0.0.1:2"), ("DMPC_METRICS", "127.0.0.1:2"), ("DMPC_LIMITS_CONNECTIONS", "2")]);
    let flags = [("metrics", "127.0.0.1:3".to_owned()), ("limits.connections", "3".to_owned())];
    let layered = layers::load(Some(("node.toml", file)), &environment, &flags).unwrap();
    assert_eq!(layered.config.grpc.port(), 1);
    assert_eq!(layered.config.ws.port(), 2);
    assert_eq!(layered.config.metrics.unwrap().port(), 3);
    assert_eq!(layered.config.limits.connections, 3);
    let shown = layered.shown();
    for line in [
        "grpc = \"127.0.0.1:1\"  # file",
        "ws = \"127.0.0.1:2\"  # DMPC_WS",
        "metrics = \"127.0.0.1:3\"  # flag",
        "connections = 3  # flag",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "no '{line}' in\n{shown}");
    }
    assert_eq!(toml::from_str::<Config>(&shown).unwrap(), layered.config, "what is shown is a configuration");
}

#[test]
fn text_of_the_environment_needs_no_quotes() {
    let environment = environment(&[
        ("DMPC_DATA", "/srv/with space"),
        ("DMPC_LOG_FILTER", "info,dmpc_node=debug"),
        ("DMPC_LOG_FORMAT", "json"),
    ]);
    let config = layers::load(None, &environment, &[]).unwrap().config;
    assert_eq!(config.data, Path::new("/srv/with space"));
    assert_eq!(config.log.filter, "info,dmpc_node=debug");
    assert_eq!(config.log.format, dmpc_node::config::LogFormat::Json);
}

#[test]
fn variables_of_the_command_line_are_not_the_nodes_business() {
    let environment = environment(&[("DMPC_IDENTITY", "alice.identity"), ("DMPC_VIA", "ws")]);
    assert_eq!(layers::load(None, &environment, &[]).unwrap().config, Config::default());
}

#[test]
fn a_mistyped_variable_is_refused() {
    for name in ["DMPC_LIMITS_CONECTIONS", "DMPC_TLS_CERT", "DMPC_LOG_LEVEL"] {
        let error = layers::load(None, &environment(&[(name, "1")]), &[]).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("no setting"), "{error}");
    }
}

#[test]
fn an_unknown_setting_is_refused_with_its_line() {
    let error = refused("data = \"data\"\n[limits]\nconections = 3\n");
    assert!(
        error.contains("node.toml") && error.contains("line 3") && error.contains("unknown field `conections`"),
        "{error}"
    );
    let error = refused("[limit]\nconnections = 3\n");
    assert!(error.contains("line 1") && error.contains("unknown field `limit`"), "{error}");
}

#[test]
fn a_value_of_another_kind_is_refused_with_its_place() {
    assert!(refused("grpc = 64928\n").contains("line 1"));
    let error = layers::load(None, &environment(&[("DMPC_LIMITS_CONNECTIONS", "many")]), &[]).unwrap_err().to_string();
    assert!(error.contains("DMPC_LIMITS_CONNECTIONS") && error.contains("limits.connections"), "{error}");
}

#[test]
fn a_value_out_of_its_range_is_refused_with_the_range() {
    assert_eq!(refused("[limits]\nconnections = 0\n"), "limits.connections = 0 is out of range: 1 to 1000000");
    assert!(refused("[limits]\nsilence_seconds = 30\n").contains("greater than limits.ping_seconds"));
}

#[test]
fn without_tls_only_loopback_is_listened_on() {
    for setting in ["grpc", "ws"] {
        let text = format!("{setting} = \"0.0.0.0:0\"\n");
        let error = refused(&text);
        assert!(error.contains(setting) && error.contains("plain_beyond_loopback"), "{error}");
        layers::load(Some(("node.toml", &format!("{text}plain_beyond_loopback = true\n"))), &BTreeMap::new(), &[])
            .unwrap();
        let tls = format!("{text}[tls]\ncertificate = \"c\"\nkey = \"k\"\n");
        layers::load(Some(("node.toml", &tls)), &BTreeMap::new(), &[]).unwrap();
    }
    assert!(refused("[tls]\ncertificate = \"c\"\n").contains("both or none"));
}

#[test]
fn peers_of_the_file_are_checked_with_their_names() {
    let key = "dmpcsign1vrjew3325s525965nmqtjca6vcw46tcgcup57a2rp7cqrzwwtreqjk7rek";
    let peer = |name: &str, more: &str| format!("[[peer.peers]]\nname = \"{name}\"\nkey = \"{key}\"\n{more}");
    let config = layers::load(Some(("f", &peer("bob", ""))), &BTreeMap::new(), &[]).unwrap().config;
    assert_eq!((config.peer.peers[0].name.as_str(), config.peer.peers[0].key.to_string().as_str()), ("bob", key));
    assert!(refused(&peer("b b", "")).contains("no name of a peer"));
    assert!(refused(&peer("bob", "address = \"nowhere\"\n")).contains("host:port"));
    assert!(refused(&peer("bob", "adress = \"a:1\"\n")).contains("unknown field `adress`"));
    assert!(refused(&peer("bob", "direction = \"up\"\n")).contains("unknown variant `up`"));
    assert!(refused(&(peer("bob", "") + &peer("carol", ""))).contains("'bob' and 'carol'"));
    assert!(refused(&format!("{}[limits]\npeers = 0\n", peer("bob", ""))).contains("limits.peers = 0 is out of range"));
}

#[test]
fn an_origin_has_a_scheme_and_a_host_and_no_path() {
    for origin in ["example.org", "https://", "https://example.org/", "https://a b", "*"] {
        assert!(refused(&format!("origins = [\"{origin}\"]\n")).contains("is no origin"), "{origin}");
    }
    let config =
        layers::load(Some(("f", "origins = [\"https://example.org\", \"http://a:80\"]\n")), &BTreeMap::new(), &[])
            .unwrap()
            .config;
    assert_eq!(config.origins.len(), 2);
}
