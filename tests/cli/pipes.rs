//! Objects in pipes: each step reads what the one before printed; what is damaged, doubled or unknown is refused.

use std::{
    fs,
    process::{Command, Stdio},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    house::{House, Person, Said, program},
    lanes::lanes,
};

const GENERATE: &[&str] = &["transaction", "generate", "-r", "node"];
const SIGN: &[&str] = &["operation", "sign"];
const RUN: &[&str] = &["transaction", "run"];

/// The bytes of the one object that was printed.
fn bytes(said: &Said) -> Vec<u8> {
    BASE64_STANDARD.decode(said.json()[0]["bytes"].as_str().unwrap()).unwrap()
}

/// A line with these bytes, and nothing for people.
fn line(tag: &str, bytes: &[u8]) -> String {
    json!({ "type": tag, "bytes": BASE64_STANDARD.encode(bytes) }).to_string()
}

/// Somebody alone with a channel.
fn talker(house: &House, via: &'static str) -> (Person, String) {
    let (alice, _) = house.user("alice", via, "channel.add,user.read");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    (alice, channel)
}

#[test]
fn a_channel_is_opened_through_one_pipe_of_a_shell() {
    let house = House::new();
    let (alice, id) = house.user("alice", "grpc", "none");
    let root = house.root();
    let folder = program("dmpc-cli").get_program().to_owned();
    let output = Command::new("sh")
        .args([
            "-c",
            "PATH=\"$(dirname \"$PROGRAM\"):$PATH\"
            dmpc-cli channel generate --prefix ops --member alice:rw | dmpc-cli operation generate channel open \
            | dmpc-cli operation sign | dmpc-cli transaction generate -r NODE | dmpc-cli transaction run",
        ])
        .env("PROGRAM", folder)
        .env("DMPC_STATE", &root.state)
        .env("DMPC_IDENTITY", &root.identity)
        .env("DMPC_GRPC", house.grpc())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = Said::of(&output).expect_success();
    assert_eq!(said.stderr.trim(), format!("note: alice is {id}"));
    let ack = &said.json()[0];
    assert_eq!((&ack["state"], &ack["outcomes"][0]["outcome"]), (&json!("success"), &json!("applied")));

    let channels = house.run(&alice, &["channel", "list", "--json"]).expect_success().json();
    let name = channels[0]["name"].as_str().unwrap();
    assert!(name.starts_with("ops-") && name.len() == 12, "{name}");
    assert_eq!(channels[0]["rights"], "read,write");
}

#[test]
fn every_kind_goes_through_pipes_over_both_front_ends() {
    for via in ["grpc", "ws"] {
        let house = House::new();
        let (alice, _) = house.user("alice", via, "channel.add,user.read");
        let (bob, _) = house.user("bob", via, "none");
        let run = |input: &str, draft: &[&str]| {
            let said = house.pipe(&alice, input, &[draft, SIGN, GENERATE, RUN]).expect_success();
            assert_eq!(said.json()[0]["outcomes"][0]["outcome"], "applied", "{draft:?}");
        };
        let channel = house.run(&alice, &["channel", "generate", "--name", "tea"]).expect_success().stdout;
        run(&channel, &["operation", "generate", "channel", "open"]);
        run("", &["operation", "generate", "channel", "message", "tea", "before bob"]);
        run("", &["operation", "generate", "channel", "members", "tea", "--set", "bob:rw"]);
        run("", &["operation", "generate", "channel", "epoch", "tea"]);
        run("of two\nlines", &["operation", "generate", "channel", "message", "tea", "-"]);
        assert_eq!(house.texts(&bob, "tea"), ["before bob", "of two\nlines"], "bob was given the key");
        run("", &["operation", "generate", "channel", "members", "tea", "--remove", "bob"]);
        run("", &["operation", "generate", "channel", "close", "tea"]);
        run("", &["operation", "generate", "user", "update", "alice", "--name", "alice the first"]);
        let said = house.run(&alice, &["user", "show", "--json"]).expect_success();
        assert_eq!(said.json()[0]["name"], "alice the first");
        for draft in [&["message", "tea", "late"][..], &["members", "tea", "--set", "bob:r"], &["epoch", "tea"]] {
            let draft = [&["operation", "generate", "channel"], draft].concat();
            house.run(&alice, &draft).stderr_has(5, "the channel is closed");
        }
    }
}

#[test]
fn requests_go_through_pipes_and_answers_are_sealed_to_who_asks() {
    for via in ["grpc", "ws"] {
        let house = House::new();
        let (alice, _) = talker(&house, via);
        let (carol, _) = house.user("carol", via, "none");
        house.say(&alice, "tea", "one").expect_success();
        let asked = |draft: &[&str]| house.pipe(&alice, "", &[draft, SIGN, GENERATE]).expect_success().stdout;
        let answer = |draft: &[&str]| house.run_with(&alice, RUN, &asked(draft)).expect_success().json().remove(0);
        assert_eq!(answer(&["operation", "generate", "user", "read", "alice"])["users"][0]["name"], "alice");
        assert_eq!(answer(&["operation", "generate", "channel", "read", "tea"])["channel"]["name"], "tea");
        assert_eq!(answer(&["operation", "generate", "channel", "list"])["channels"][0]["name"], "tea");
        let message = &answer(&["operation", "generate", "channel", "messages", "tea"])["messages"][0]["operation"];
        assert_eq!(message["kind"], "channel.message");

        let listen = asked(&["operation", "generate", "channel", "listen", "tea"]);
        let said = house.run_with(&alice, &["transaction", "run", "--until-caught-up"], &listen).expect_success();
        let batches = said.json();
        let events: Vec<&Value> = batches.iter().flat_map(|batch| batch["events"].as_array().unwrap()).collect();
        let events: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
        assert_eq!(events, ["opened", "message", "caught_up"]);

        // Somebody else may carry the question, and learns nothing from the answer.
        let question = asked(&["operation", "generate", "channel", "messages", "tea"]);
        let said = house.run_with(&carol, RUN, &question).expect_success();
        let answer = &said.json()[0];
        assert_eq!((&answer["sealed"], answer.get("messages")), (&json!(true), None));
        // A question is answered once.
        run_without_identity(&house, via, RUN, &question).expect_failure(1, &["request_replayed"]);
    }
}

/// A command of somebody who has no identity at all.
fn run_without_identity(house: &House, via: &str, arguments: &[&str], input: &str) -> Said {
    let file = house.path("input");
    fs::write(&file, input).unwrap();
    let mut command = program("dmpc-cli");
    command.env_clear().args(["--grpc", house.grpc(), "--ws", house.ws(), "--via", via]).args(arguments).arg(file);
    Said::of(&command.stdin(Stdio::null()).output().unwrap())
}

#[test]
fn a_transaction_says_what_it_was_asked_to_and_is_run_by_anybody_anywhere_again() {
    let (house, elsewhere) = (House::new(), House::new());
    for via in ["grpc", "ws"] {
        let (alice, name) = (house.person(&format!("alice-{via}"), via), format!("alice-{via}"));
        house.user(&name, via, "channel.add,user.read");
        let channel = house.run(&alice, &["channel", "open", &name]).expect_success().line();
        let address = |house: &House| if via == "grpc" { house.grpc().to_owned() } else { house.ws().to_owned() };
        let network = house.path("network");
        fs::write(&network, "by pigeon").unwrap();
        let (here, there) = (address(&house), address(&elsewhere));
        let generate = [
            "transaction",
            "generate",
            "-r",
            &here,
            "-r",
            &there,
            "--status-updates",
            "--keep-alive",
            "--transmission",
            network.to_str().unwrap(),
            "--seal-answers",
        ];
        let draft = ["operation", "generate", "channel", "message", &channel, "hello"];
        let said = house.pipe(&alice, "", &[&draft, SIGN, &generate]).expect_success();
        let (transaction, shown) = (said.stdout.clone(), &said.json()[0]);
        let options = ["sealed", "status_updates", "result", "keep_alive"].map(|option| &shown[option]);
        assert_eq!(options, [&json!(true); 4]);
        assert_eq!((&shown["call"], &shown["transmission_bytes"]), (&json!("submit"), &json!(9)));

        // Who may not know what becomes of it sees that it came to an end.
        let said = run_without_identity(&house, via, RUN, &transaction).expect_success();
        let states: Vec<Value> = said.json().iter().map(|ack| ack["state"].clone()).collect();
        assert_eq!(states, ["queued", "running", "success"]);
        let end = said.stdout.lines().last().unwrap();
        let sealed = &said.json()[2];
        assert_eq!((&sealed["sealed"], sealed.get("outcomes")), (&json!(true), None));
        let opened = house.run_with(&alice, &["transaction", "show", "--json"], end).expect_success();
        assert_eq!(opened.json()[0]["outcomes"][0]["outcome"], "applied");

        let again = house.run_with(&alice, RUN, &transaction).expect_success();
        assert_eq!(again.json()[2]["outcomes"][0]["outcome"], "duplicate");
        let other = elsewhere.run_with(&alice, RUN, &transaction).expect_success();
        assert_eq!(
            other.json()[2]["outcomes"][0]["reason"],
            "waits_for_certifier",
            "other roots, the same transaction"
        );
    }
}

#[test]
fn a_transaction_is_sealed_to_the_node_that_was_named_or_not_at_all() {
    let house = House::new();
    let (alice, channel) = talker(&house, "grpc");
    let draft = ["operation", "generate", "channel", "message", &channel, "hello"];
    let signed = house.pipe(&alice, "", &[&draft, SIGN]).expect_success().stdout;
    let generate = |options: &[&str]| {
        let arguments: Vec<&str> = ["transaction", "generate"].iter().chain(options).copied().collect();
        house.run_with(&alice, &arguments, &signed)
    };
    generate(&[]).expect_failure(2, &["--recipient"]);
    generate(&["-r", "somewhere"]).expect_failure(2, &["names no node"]);
    let other = "dmpcnode1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqp8xjs7";
    assert_ne!(generate(&["-r", other]).code, 0);
    let to_alice = house.run(&alice, &["identity", "show", "--json"]).expect_success().json();
    let key = to_alice[0]["encryption_key"].as_str().unwrap();
    let foreign = generate(&["-r", key]).expect_success().stdout;
    house.run_with(&alice, RUN, &foreign).stderr_has(1, "not_sealed_to_this_key");
    let shown = house.run_with(&alice, &["transaction", "show"], &foreign).expect_success().stdout;
    assert!(shown.contains("kind: channel.message") && shown.contains("signatures: verify"), "{shown}");
    assert!(!run_without_identity(&house, "grpc", &["transaction", "show"], &foreign).stdout.contains("message"));
    let open = generate(&["--open"]).expect_success().stdout;
    assert!(run_without_identity(&house, "grpc", &["transaction", "show"], &open).stdout.contains("channel.message"));
    house.run_with(&alice, RUN, &open).expect_success();
}

#[test]
fn a_draft_of_a_message_shows_nothing_of_it_and_serves_its_author_alone() {
    let house = House::new();
    let (alice, channel) = talker(&house, "grpc");
    let (bob, _) = house.user("bob", "grpc", "none");
    let secret = "beds 1 and 2 are for the potatoes";
    let draft = house.run(&alice, &["operation", "generate", "channel", "message", &channel, secret]).expect_success();
    let inside = bytes(&draft);
    assert!(!inside.windows(8).any(|window| secret.as_bytes().windows(8).any(|part| part == window)));
    house.run_with(&bob, SIGN, &draft.stdout).expect_failure(5, &["is for dmpc1", "to issue"]);
    house.pipe(&alice, &draft.stdout, &[SIGN, GENERATE, RUN]).expect_success();
    assert_eq!(house.texts(&alice, &channel), [secret]);
}

#[test]
fn what_is_carried_and_what_is_sent_stand_in_one_lane() {
    let mut house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add,user.read");
    // Opened with another state directory, so that the messages have lanes of their own.
    let elsewhere = Person { state: house.path("elsewhere"), ..alice.clone() };
    let channel = house.run(&elsewhere, &["channel", "open", "tea"]).expect_success().line();
    let carried = |text: &str| {
        let draft = ["operation", "generate", "channel", "message", &channel, text];
        house.pipe(&alice, "", &[&draft, SIGN]).expect_success().stdout
    };
    let first = carried("one");
    let second = carried("two");
    house.say(&alice, &channel, "three").expect_success();
    let fourth = carried("four");
    // Nobody but who carries them sends them.
    assert_eq!(house.texts(&alice, &channel), ["three"]);
    for message in [fourth, second, first] {
        house.pipe(&alice, &message, &[GENERATE, RUN]).expect_success();
    }
    assert_eq!(house.texts(&alice, &channel), ["one", "two", "three", "four"]);
    let lanes: Vec<usize> = lanes(&house.accepted(&channel)).iter().map(Vec::len).collect();
    assert_eq!(lanes, [4]);
}

#[test]
fn what_is_no_object_is_refused_with_its_line() {
    let house = House::new();
    let (alice, channel) = talker(&house, "grpc");
    let draft = house.run(&alice, &["operation", "generate", "channel", "close", &channel]).expect_success();
    let good = bytes(&draft);
    let text = BASE64_STANDARD.encode(&good);
    let mut longer = good.clone();
    longer.extend([0x7a, 0]);
    let lines = [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ("\"draft\"", "not a JSON object"),
        ("{}", "there is no 'type'"),
        (r#"{"type":"draft"}"#, "there is no 'bytes'"),
        (&format!(r#"{{"bytes":"{text}"}}"#), "there is no 'type'"),
        (&format!(r#"{{"type":"draft","bytes":"{text}","type":"draft"}}"#), "the key 'type' stands twice"),
        (&format!(r#"{{"type":"draft","bytes":"{text}","bytes":""}}"#), "the key 'bytes' stands twice"),
        (&format!(r#"{{"type":"draft","bytes":"{text}","x":[{{"y":1,"y":2}}]}}"#), "the key 'y' stands twice"),
        (&format!(r#"{{"type":"letter","bytes":"{text}"}}"#), "the type 'letter' is unknown"),
        (&format!(r#"{{"type":7,"bytes":"{text}"}}"#), "'type' is no text"),
        (&format!(r#"{{"type":"draft","bytes":["{text}"]}}"#), "'bytes' is no text"),
        (r#"{"type":"draft","bytes":"not base64!"}"#, "'bytes' is not base64"),
        (&format!(r#"{{"type":"draft","bytes":"{}"}}"#, text.trim_end_matches('=')), "'bytes' is not base64"),
        (&line("draft", &longer), "unknown, repeated or misordered fields"),
        (&line("draft", b""), "another version"),
        (&line("operation", &good), "no operation: "),
        (&line("issue", &good), "no issue: "),
        (&line("user", &good), "no user: "),
        (&line("channel", &good), "no channel: "),
        (&line("request", &good), "no request: "),
        (&line("transaction", &good), "no transaction: "),
    ];
    for (bad, words) in lines {
        let input = format!("{}\n{bad}\n", draft.stdout);
        let bad_text = bad.trim_end_matches('=') == text.trim_end_matches('=');
        assert!(!bad_text);
        house.run_with(&alice, SIGN, &input).expect_failure(1, &["stdin, line 3", words]);
    }
    house.run_with(&alice, SIGN, "").expect_failure(1, &["holds no object"]);
    house.run_with(&alice, &["operation", "sign", "/nowhere"], "").expect_failure(1, &["/nowhere"]);
    // Nothing of all that was signed: the first draft is signed now, at the first place of a lane.
    let mut lying = draft.json().remove(0);
    lying["kind"] = json!("channel.open");
    lying["new"] = json!({ "field": 1 });
    let said = house.run_with(&alice, SIGN, &lying.to_string()).expect_success();
    assert_eq!((&said.json()[0]["kind"], &said.json()[0]["seq"]), (&json!("channel.close"), &json!(2)));
}

#[test]
fn steps_that_are_left_out_are_named() {
    let house = House::new();
    let (alice, channel) = talker(&house, "grpc");
    let draft = house.run(&alice, &["operation", "generate", "channel", "close", &channel]).expect_success().stdout;
    house.run_with(&alice, GENERATE, &draft).expect_failure(2, &["signed first"]);
    house.run_with(&alice, RUN, &draft).expect_failure(2, &["transactions are run"]);
    let signed = house.run_with(&alice, SIGN, &draft).expect_success().stdout;
    house.run_with(&alice, SIGN, &signed).expect_failure(2, &["drafts are signed"]);
    house.run_with(&alice, &["operation", "generate", "user", "create"], &signed).expect_failure(2, &["user objects"]);
    house
        .run_with(&alice, &["operation", "generate", "channel", "open"], &signed)
        .expect_failure(2, &["channel objects"]);
    let request =
        house.pipe(&alice, "", &[&["operation", "generate", "channel", "list"], SIGN]).expect_success().stdout;
    house.run_with(&alice, GENERATE, &format!("{signed}{request}")).expect_failure(2, &["not both"]);
}

#[test]
fn a_user_is_generated_once_and_created_through_a_pipe() {
    let house = House::new();
    let alice = house.person("alice", "grpc");
    let generate = ["user", "generate", "--name", "alice", alice.identity.to_str().unwrap()];
    let object = house.run(&house.root(), &generate).expect_success();
    let before = fs::read(&alice.identity).unwrap();
    house.run(&house.root(), &generate).expect_failure(5, &["exists; an identity is never overwritten"]);
    assert_eq!(fs::read(&alice.identity).unwrap(), before);
    let create = ["operation", "generate", "user", "create", "--permissions", "channel.add"];
    house.pipe(&house.root(), &object.stdout, &[&create, SIGN, GENERATE, RUN]).expect_success();
    let shown = house.run(&alice, &["user", "show", "--json"]).expect_success().json();
    assert_eq!((&shown[0]["name"], &shown[0]["permissions"]), (&json!("alice"), &json!(["channel.add"])));
    let mut forged = bytes(&object);
    let last = forged.len() - 10;
    forged[last] ^= 1;
    house.run_with(&house.root(), &create, &line("user", &forged)).expect_failure(1, &["no user: "]);
}
