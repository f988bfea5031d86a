//! The numbers of negentropy: base 128, most significant digits first, the high bit says that more follow.

use super::ReconcileError;

/// Digits of the greatest number.
const DIGITS_MAX: usize = 10;

/// Writes a number.
pub(super) fn write(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0_u8; DIGITS_MAX];
    let mut left = number;
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        let more = if used == 0 { 0 } else { 0x80 };
        *digit = more | u8::try_from(left & 0x7f).unwrap_or_default();
        used += 1;
        left >>= 7;
        if left == 0 {
            break;
        }
    }
    out.extend(digits.get(DIGITS_MAX - used..).unwrap_or_default());
}

/// Takes a number off the front. Only its shortest form is one.
pub(super) fn take(bytes: &mut &[u8]) -> Result<u64, ReconcileError> {
    let mut number = 0_u64;
    for place in 0..DIGITS_MAX {
        let (digit, rest) = bytes.split_first().ok_or(ReconcileError::Truncated)?;
        *bytes = rest;
        if place == 0 && *digit == 0x80 || number > u64::MAX >> 7 {
            return Err(ReconcileError::Number);
        }
        number = number << 7 | u64::from(digit & 0x7f);
        if digit & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(ReconcileError::Number)
}
