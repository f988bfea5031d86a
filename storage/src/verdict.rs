//! Verdicts: what the rules say of an operation. Source: docs/PROTOCOL.md, "Verdicts".

/// What the rules say of a logged operation, given all operations before it in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It takes effect.
    Applied,
    /// Nothing earlier introduces what it names.
    Pending(Missing),
    /// It breaks a rule.
    Rejected(Rejection),
}

macro_rules! reasons {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal, $word:literal, $detail:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $type {
            /// Each one, ascending by code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its code in the store.
            pub const fn code(self) -> u8 {
                match self { $(Self::$variant => $code,)* }
            }

            /// Its stable word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// One sentence for people.
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail,)* }
            }
        }
    };
}
pub(crate) use reasons;

reasons!(
    /// What an operation names that nothing earlier introduces.
    Missing {
        /// The issuer.
        Issuer = 1, "unknown_issuer", "no earlier operation creates the issuer";
        /// The certifier.
        Certifier = 2, "unknown_certifier", "no earlier operation creates the certifier";
        /// The user that it changes.
        Subject = 3, "unknown_subject", "no earlier operation creates the user it changes";
        /// The channel.
        Channel = 4, "unknown_channel", "no earlier operation opens the channel";
        /// The epoch.
        Epoch = 5, "unknown_epoch", "no earlier operation opens the epoch it is sealed under";
    }
);

reasons!(
    /// The rule that an operation breaks.
    Rejection {
        /// The issuer is deactivated.
        IssuerInactive = 32, "issuer_inactive", "the issuer is deactivated at that point";
        /// The issuer's key is another.
        IssuerKey = 33, "issuer_key", "the issuer's signing key is another at that point";
        /// The certifier is deactivated.
        CertifierInactive = 34, "certifier_inactive", "the certifier is deactivated at that point";
        /// The certifier's key is another.
        CertifierKey = 35, "certifier_key", "the certifier's signing key is another at that point";
        /// The certifier lacks a global permission.
        PermissionMissing = 36, "permission_missing", "the certifier lacks a permission that this needs";
        /// The certifier grants or outranks what it does not hold itself.
        Attenuation = 37, "attenuation", "the certifier does not hold every permission that is at stake";
        /// A root's fields are written by that root alone.
        RootFixed = 38, "root_fixed", "only a root itself writes its fields";
        /// The certifier lacks a right in the channel.
        RightMissing = 39, "right_missing", "the certifier lacks the right in the channel that this needs";
        /// The channel is closed.
        ChannelClosed = 40, "channel_closed", "the channel is closed at that point";
        /// The channel was opened before.
        ChannelExists = 41, "channel_exists", "the channel was opened by an earlier operation";
        /// The issue took effect before.
        DuplicateIssue = 42, "duplicate_issue", "the same issue took effect by an earlier certification";
    }
);

impl Verdict {
    /// Whether it takes effect.
    pub const fn is_applied(self) -> bool {
        matches!(self, Self::Applied)
    }

    /// Its code in the store: 0 applied, 1 to 31 pending, 32 and above rejected.
    pub const fn code(self) -> u8 {
        match self {
            Self::Applied => 0,
            Self::Pending(missing) => missing.code(),
            Self::Rejected(rejection) => rejection.code(),
        }
    }

    /// From its code.
    pub fn from_code(code: u8) -> Option<Self> {
        if code == 0 {
            return Some(Self::Applied);
        }
        let pending = Missing::ALL.iter().find(|missing| missing.code() == code).copied().map(Self::Pending);
        pending
            .or_else(|| Rejection::ALL.iter().find(|rejection| rejection.code() == code).copied().map(Self::Rejected))
    }

    /// The stable word for the reason; empty when applied.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "",
            Self::Pending(missing) => missing.word(),
            Self::Rejected(rejection) => rejection.word(),
        }
    }

    /// One sentence for people; empty when applied.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Applied => "",
            Self::Pending(missing) => missing.detail(),
            Self::Rejected(rejection) => rejection.detail(),
        }
    }
}
