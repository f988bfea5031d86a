//! Global permissions of users and rights of channel members. Source: docs/PROTOCOL.md, "Permissions".

use std::{fmt, str::FromStr};

/// A name that stands for no permission or right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' is none of {known}")]
pub struct UnknownName {
    /// The name given.
    pub name: String,
    /// The names there are, separated by commas.
    pub known: String,
}

macro_rules! bits {
    ($(#[$doc:meta])* $type:ident { $($(#[$flag_doc:meta])* $flag:ident = $bit:literal, $name:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $type(u8);

        impl $type {
            $($(#[$flag_doc])* pub const $flag: Self = Self(1 << $bit);)*
            /// None.
            pub const NONE: Self = Self(0);
            /// All.
            pub const ALL: Self = Self(0 $(| 1 << $bit)*);
            /// Each with its name, ascending by bit.
            pub const NAMES: &'static [(Self, &'static str)] = &[$((Self::$flag, $name)),*];

            /// From bits on the wire; `None` when an unknown bit is set.
            pub fn from_bits(bits: u32) -> Option<Self> {
                let bits = u8::try_from(bits).ok()?;
                Self(bits).without(Self::ALL).is_empty().then_some(Self(bits))
            }

            /// The bits.
            pub const fn bits(self) -> u8 {
                self.0
            }

            /// Whether all of `other` are in it.
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether any of `other` is in it.
            pub const fn intersects(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// Whether it is empty.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Those in either.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// Those that are in it and not in `other`.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// Each one that is in it, ascending by bit.
            pub fn iter(self) -> impl Iterator<Item = Self> {
                Self::NAMES.iter().map(|(flag, _)| *flag).filter(move |flag| self.contains(*flag))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let names: Vec<_> =
                    Self::NAMES.iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, name)| *name).collect();
                f.pad(&if names.is_empty() { "none".to_owned() } else { names.join(",") })
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;

            /// Names separated by commas; `all` and `none` stand for themselves.
            fn from_str(text: &str) -> Result<Self, UnknownName> {
                match text {
                    "all" => return Ok(Self::ALL),
                    "none" => return Ok(Self::NONE),
                    _ => {}
                }
                text.split(',').try_fold(Self::NONE, |sum, name| {
                    let found = Self::NAMES.iter().find(|(_, known)| *known == name.trim());
                    found.map(|(flag, _)| sum.union(*flag)).ok_or_else(|| UnknownName {
                        name: name.to_owned(),
                        known: Self::NAMES.iter().map(|(_, n)| *n).collect::<Vec<_>>().join(", "),
                    })
                })
            }
        }
    };
}

bits!(
    /// What a user may do on a node.
    Permissions {
        /// Open channels.
        CHANNEL_ADD = 0, "channel.add";
        /// Read the information of channels.
        CHANNEL_READ = 1, "channel.read";
        /// Create users.
        USER_ADD = 2, "user.add";
        /// Read the information of users.
        USER_READ = 3, "user.read";
        /// Deactivate and reactivate users.
        USER_REMOVE = 4, "user.remove";
        /// Replace encryption keys of users.
        USER_ENC_KEY_UPDATE = 5, "user.enc_key_update";
        /// Replace signing keys of users.
        USER_SIGN_KEY_UPDATE = 6, "user.sign_key_update";
        /// Grant and revoke permissions of users.
        USER_PERMISSIONS_UPDATE = 7, "user.permissions_update";
    }
);

bits!(
    /// What a member may do in a channel.
    Rights {
        /// Read messages and subscribe.
        READ = 0, "read";
        /// Write messages.
        WRITE = 1, "write";
        /// Close the channel for good.
        CLOSE = 2, "close";
        /// Change members and open epochs.
        MANAGE = 3, "manage";
    }
);
