//! What a strictly decoded message looks like: plain data, written in `schemas.rs` beside the `.proto` files.

/// A message: its name and its fields in ascending order.
#[derive(Debug)]
pub struct Schema {
    /// The message's name in the `.proto` file.
    pub name: &'static str,
    /// Its fields, ascending by number.
    pub fields: &'static [Field],
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Its number.
    pub number: u32,
    /// What its value looks like.
    pub shape: Shape,
    /// How often it may stand.
    pub presence: Presence,
}

/// What a value looks like.
#[derive(Debug)]
pub enum Shape {
    /// A varint of at most this value.
    Varint(u64),
    /// Eight bytes.
    Fixed64,
    /// Exactly so many bytes.
    Exactly(usize),
    /// At most so many bytes.
    AtMost(usize),
    /// UTF-8 of at most so many bytes.
    Text(usize),
    /// A nested message.
    Message(&'static Schema),
}

/// How often a field may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// At most once, never with its default (proto3 without `optional`, and messages, which have no default).
    Implicit,
    /// At most once, with any value (proto3 `optional`).
    Optional,
    /// At most so many times.
    Repeated(usize),
}

/// A field that stands at most once and never with its default.
pub(crate) const fn implicit(number: u32, shape: Shape) -> Field {
    Field { number, shape, presence: Presence::Implicit }
}

/// A field that stands at most once.
pub(crate) const fn optional(number: u32, shape: Shape) -> Field {
    Field { number, shape, presence: Presence::Optional }
}

/// A field that stands at most `max` times.
pub(crate) const fn repeated(number: u32, shape: Shape, max: usize) -> Field {
    Field { number, shape, presence: Presence::Repeated(max) }
}
