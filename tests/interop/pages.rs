//! A page in a real browser, headless Chromium: it is used as a person would, over websocket with
//! the JSON subprotocol; what it shows is read again over gRPC-web.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Stdio},
    thread,
};

use serde_json::{Value, json};

use crate::support::cutter::Cutter;

use super::{cut_off::Room, javascript, python::text};

/// Names that lead to this machine, in that browser alone: so a page of them is none of this machine to the node.
const LISTED: &str = "garden.example";
const FOREIGN: &str = "foreign.example";

/// Who serves the page.
struct PageServer {
    child: Child,
    port: String,
}

impl PageServer {
    fn start() -> Self {
        let mut child = javascript::program("page/serve.js").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim_end().trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
        assert!(!port.is_empty(), "it does not serve");
        Self { child, port }
    }

    /// An origin of the page, by the name of a host.
    fn origin(&self, host: &str) -> String {
        format!("http://{host}:{}", self.port)
    }
}

impl Drop for PageServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A room at a node that lists one origin, and who serves the page.
fn room_and_page() -> (Room, PageServer) {
    let (mut room, page) = (Room::new(), PageServer::start());
    room.house.stop();
    room.house.start_with(&[("DMPC_ORIGINS", &format!("[\"{}\"]", page.origin(LISTED)))]);
    (room, page)
}

fn arguments(room: &Room, page: &PageServer, host: &str, ws: &str) -> Value {
    let origin = format!("{}/", page.origin(host));
    json!({ "origin": origin, "ws": ws, "grpc": room.house.grpc(), "identity": text(&room.alice.identity) })
}

/// Where the last picture of the page is kept, for people to look at.
fn picture() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("interop-node/page.png")
}

#[test]
fn a_page_of_a_listed_origin_talks_and_misses_and_repeats_nothing() {
    const CUTS: u32 = 5;
    let (room, page) = room_and_page();
    let cutter = Cutter::before(room.house.ws(), 4, CUTS);
    room.house.say(&room.bob, &room.channel, "Are the potatoes in?").expect_success();
    let own =
        ["Since this morning, beds 1 and 2.", "The beans are next.", "Who waters on Sunday?", "I can, before ten."];
    let own: Vec<String> =
        own.map(str::to_owned).into_iter().chain((5..20).map(|day| format!("Day {day}: rain."))).collect();
    let bobs = ["Leave me the two beds next to the shed.", "Not me.", "\u{1f331} \u{fc}berall!"];
    let mut arguments = arguments(&room, &page, LISTED, cutter.address());
    arguments["name"] = "tea".into();
    arguments["texts"] = json!(own);
    arguments["count"] = (own.len() + bobs.len() + 1).into();
    arguments["screenshot"] = text(&picture()).into();
    let shown = thread::scope(|scope| {
        let browser = scope.spawn(|| javascript::run("page", &arguments));
        for (place, line) in bobs.iter().enumerate() {
            // In the midst of what the page says.
            while room.house.texts(&room.bob, &room.channel).len() < 4 * place + 5 && !browser.is_finished() {}
            room.house.say(&room.bob, &room.channel, line).expect_success();
        }
        browser.join().unwrap()
    });
    let texts = room.house.texts(&room.bob, &room.channel);
    assert_eq!(texts.len(), own.len() + bobs.len() + 1);
    assert_eq!(shown["texts"], json!(texts));
    assert_eq!(shown["check"], format!("{} messages over gRPC-web, complete and in order", texts.len()));
    assert_eq!(shown["news"], json!(["the channel was opened"]));
    assert_eq!(shown["people"], "alice, bob");
    assert!(cutter.cuts() >= CUTS && shown["cuts"].as_u64().unwrap() > 0, "{} {}", cutter.cuts(), shown["cuts"]);
}

#[test]
fn a_page_of_a_foreign_origin_gets_no_connection() {
    let (room, page) = room_and_page();
    let told = javascript::run("foreign_page", &arguments(&room, &page, FOREIGN, room.house.ws()));
    assert_eq!(told, json!({ "problem": "no connection to the node; trying again", "refused": true }));
}
