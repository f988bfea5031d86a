//! What must hold for any bytes that a stranger sends: one function for each decoder.
//!
//! A target is given bytes and panics where a property does not hold; it says whether the decoder accepted them.
//! libFuzzer calls it with bytes of its own making (`fuzz_targets/`), the specifications with the seeds.

mod cast;
pub mod seeds;
mod targets;

pub use targets::TARGETS;

/// A decoder under test.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: of the program, of the folder of its seeds, and in the table of `make fuzz`.
    pub name: &'static str,
    /// Checks every property for these bytes; says whether they were accepted.
    pub run: fn(&[u8]) -> bool,
}

/// Runs the target with this name, for libFuzzer.
///
/// # Panics
/// When a property does not hold, or when there is no such target.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target with this name");
    (target.run)(data);
}
