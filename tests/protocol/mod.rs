//! The protocol: encoding, ids, signatures, sealing.
