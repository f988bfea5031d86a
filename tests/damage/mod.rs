//! Stores whose files are not what was written: torn, flipped, zeroed, older, of another store, gone; and disks that are full.
//! Each is opened whole, or refused with its place and what helps, and nothing is changed then; `doctor` says the same as
//! `serve`; and where a loss is accepted the store goes on from an exact prefix of what it had.

mod full_disk;
mod judge;
mod programs;
mod single_bytes;
mod table_properties;
mod torn;
mod whole_files;
