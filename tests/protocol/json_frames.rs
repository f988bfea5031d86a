//! The JSON form of frames: what is refused, each for its own reason; and what is accepted means the same in protobuf.

use bytes::Bytes;
use dmpc::{
    error::{Classified, ErrorClass},
    v1::{self, ClientFrame, ServerFrame},
    wire::json::{self, JSON_DEPTH_MAX},
};

/// Why a text is no client's frame.
fn refusal(text: impl AsRef<[u8]>) -> Option<&'static str> {
    json::decode::<ClientFrame>(text.as_ref(), 1_000).err().map(|error| error.reason())
}

#[test]
fn a_key_that_stands_twice_is_refused_at_any_depth_and_however_it_is_written() {
    for text in [
        r#"{"id":1,"id":1}"#,
        r#"{"id":1,"\u0069d":2}"#,
        r#"{"i\u0064":1,"\u0069\u0064":2}"#,
        r#"{"submit":{"items":[{"clientId":1,"transaction":"","clientId":1}]}}"#,
        r#"{"read":null,"read":null}"#,
        r#"{"hello":{"a":[{"b":1,"b":2}]}}"#,
        r#"{"\ud83c\udf75":1,"🍵":2}"#,
        r#"{"":0,"":0}"#,
        r#"{"nodeInfo":{},"node_info":{}}"#,
    ] {
        assert_eq!(refusal(text), Some("duplicate_key"), "{text}");
    }
    let different = r#"{"submit":{"items":[{"clientId":1},{"clientId":1}]},"id":1}"#;
    assert_eq!(refusal(different), None);
}

#[test]
fn nesting_is_refused_over_the_limit_and_not_at_it() {
    let nested = |open: &str, close: &str, depth: usize| format!("{}0{}", open.repeat(depth), close.repeat(depth));
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        assert!(json::scan(nested(open, close, JSON_DEPTH_MAX).as_bytes()).is_ok());
        let error = json::scan(nested(open, close, JSON_DEPTH_MAX + 1).as_bytes()).unwrap_err();
        assert_eq!((error.reason(), error.class()), ("too_deep", ErrorClass::TooLarge));
        let error = json::scan(nested(open, close, 100_000).as_bytes()).unwrap_err();
        assert_eq!(error.reason(), "too_deep");
    }
}

#[test]
fn what_is_no_json_is_refused_for_what_is_wrong_with_it() {
    for (text, reason) in [
        (&b"{} x"[..], "trailing_bytes"),
        (b"{}{}", "trailing_bytes"),
        (b"{}\0", "trailing_bytes"),
        (b"{\"id\":\"\xff\"}", "not_utf8"),
        (b"\xff\xfe{}", "not_utf8"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (br#"{"id":"\ud800"}"#, "lone_surrogate"),
        (br#"{"id":"\udc00"}"#, "lone_surrogate"),
        (br#"{"id":"\ud800\u0041"}"#, "lone_surrogate"),
        (br#"{"\udc00":1}"#, "lone_surrogate"),
        (br#"{"id":"\ud8"}"#, "not_json"),
        (b"", "truncated"),
        (b"{\"id\":", "truncated"),
        (b"{\"id\":\"1", "truncated"),
        (b"{'id':1}", "not_json"),
        (b"{\"id\":1,}", "not_json"),
        (b"{\"id\":01}", "not_json"),
        (b"{\"id\":NaN}", "not_json"),
        (b"{\"id\":\"a\nb\"}", "not_json"),
        (b"{\"id\":1e999}", "bad_value"),
    ] {
        assert_eq!(refusal(text), Some(reason), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn json_that_is_no_frame_is_refused() {
    for (text, reason) in [
        (r#"{"hello":1}"#, "unknown_field"),
        (r#"{"ID":1}"#, "unknown_field"),
        (r#"{"read":{"transaction":"","operation":{}}}"#, "unknown_field"),
        ("[]", "bad_value"),
        ("null", "bad_value"),
        (r#"{"id":-1}"#, "bad_value"),
        (r#"{"id":1.5}"#, "bad_value"),
        (r#"{"id":18446744073709551616}"#, "bad_value"),
        (r#"{"id":"0x1"}"#, "bad_value"),
        (r#"{"id":true}"#, "bad_value"),
        (r#"{"id":null}"#, "bad_value"),
        (r#"{"unsubscribe":"true"}"#, "bad_value"),
        (r#"{"submit":[]}"#, "bad_value"),
        (r#"{"read":{"transaction":"A"}}"#, "bad_value"),
        (r#"{"read":{"transaction":"AB=="}}"#, "bad_value"),
        (r#"{"read":{"transaction":[1]}}"#, "bad_value"),
    ] {
        assert_eq!(refusal(text), Some(reason), "{text}");
    }
}

#[test]
fn a_text_over_the_limit_is_refused_before_it_is_read() {
    let text = format!("{{}}{}", " ".repeat(999));
    let error = json::decode::<ClientFrame>(text.as_bytes(), 1_000).unwrap_err();
    assert_eq!((error.reason(), error.class()), ("too_long", ErrorClass::TooLarge));
    assert_eq!(refusal(&text[..1_000]), None);
}

#[test]
fn a_refusal_says_where() {
    let error = json::decode::<ClientFrame>(b"{\n  \"id\": 1,\n  \"id\": 2\n}", 1_000).unwrap_err();
    assert_eq!(error.to_string(), "line 3, column 6: a key stands twice in one object");
}

#[test]
fn numbers_of_64_bits_are_texts_and_may_be_numbers() {
    let frame = ClientFrame { id: u64::MAX, unsubscribe: true, ..ClientFrame::default() };
    assert_eq!(json::encode(&frame).unwrap(), r#"{"id":"18446744073709551615","unsubscribe":true}"#);
    for text in [
        r#"{"unsubscribe":true,"id":18446744073709551615}"#,
        r#" {"id" : "18446744073709551615", "unsubscribe":true} "#,
    ] {
        assert_eq!(json::decode::<ClientFrame>(text.as_bytes(), 1_000).unwrap(), frame);
    }
}

#[test]
fn bytes_are_base64_and_may_be_without_padding_or_for_urls() {
    let transaction = Bytes::from_static(&[0xfb, 0xff]);
    let frame = ClientFrame { read: Some(v1::ReadRequest { transaction }), ..ClientFrame::default() };
    assert_eq!(json::encode(&frame).unwrap(), r#"{"read":{"transaction":"+/8="}}"#);
    for text in ["+/8=", "+/8", "-_8=", "-_8"] {
        let text = format!(r#"{{"read":{{"transaction":"{text}"}}}}"#);
        assert_eq!(json::decode::<ClientFrame>(text.as_bytes(), 1_000).unwrap(), frame);
    }
}

#[test]
fn an_enum_is_its_name_and_one_without_a_name_has_no_json() {
    let frame = |kind: i32| {
        let events = vec![v1::Event { kind, ..v1::Event::default() }];
        ServerFrame { events: Some(v1::EventBatch { events, ..Default::default() }), ..ServerFrame::default() }
    };
    let text = json::encode(&frame(v1::EventKind::CaughtUp.into())).unwrap();
    assert_eq!(text, r#"{"events":{"events":[{"kind":"EVENT_KIND_CAUGHT_UP"}]}}"#);
    assert_eq!(json::encode(&frame(99)).unwrap_err().reason(), "bad_value");
}
