//! Operations that travel by other means: sealed to two nodes, carried as a file, run at each, they do what an exchange does.

use std::fs;

use super::nodes::{Node, introduce};

#[test]
fn a_transaction_sealed_to_two_nodes_and_run_at_each_does_what_an_exchange_does() {
    let one = Node::new();
    let (other, third) = (Node::beside(&one), Node::beside(&one));
    let root = one.house.root();
    let (_, alice) = one.house.user("alice", "grpc", "channel.add");
    introduce(&one, &other);
    one.knows("third", &third, &[]);
    third.knows("alice", &one, &["--address", one.address()]);
    other.sync("alice");
    third.sync("alice");
    one.peer(&["remove", "bob"]).expect_success();
    one.peer(&["remove", "third"]).expect_success();
    let drafted = one.house.run(&root, &["channel", "generate", "--name", "tea", "--member", &format!("{alice}:rw")]);
    let draft = ["operation", "generate", "channel", "open"];
    let seal = ["transaction", "generate", "-r", one.house.grpc(), "-r", other.house.grpc()];
    let sealed = one.house.pipe(&root, &drafted.expect_success().stdout, &[&draft, &["operation", "sign"], &seal]);
    let file = one.house.path("carried");
    fs::write(&file, sealed.expect_success().stdout).unwrap();
    for node in [&one, &other] {
        let ran = node.house.run(&root, &["transaction", "run", file.to_str().unwrap()]).expect_success();
        assert_eq!(ran.json()[0]["outcomes"][0]["outcome"], "applied");
    }
    assert_eq!(one.digests(), other.digests());
    one.knows("third", &third, &[]);
    third.sync("alice");
    assert_eq!(one.digests(), third.digests());
}
