//! What is asked of every implementation.

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Somebody without a session.
    Stranger,
    /// The same session again and again; its data comes from this route.
    Regular(&'static str),
    /// A session that was made for this one request.
    Once(&'static str),
}

/// A row of the table.
pub struct Scenario {
    pub name: &'static str,
    pub title: &'static str,
    pub who: Who,
    /// Asked in this order, and counted as one each.
    pub paths: &'static [&'static str],
}

const fn row(
    name: &'static str,
    title: &'static str,
    who: Who,
    paths: &'static [&'static str],
) -> Scenario {
    Scenario {
        name,
        title,
        who,
        paths,
    }
}

const FOUR: Who = Who::Regular("/seed/four");

pub static SCENARIOS: &[Scenario] = &[
    row(
        "untouched",
        "untouched, valid cookie",
        FOUR,
        &["/untouched"],
    ),
    row(
        "no-cookie",
        "untouched, no cookie",
        Who::Stranger,
        &["/untouched"],
    ),
    row("read", "read one u64 of 4 keys", FOUR, &["/read"]),
    row("rmw", "read-modify-write of a counter", FOUR, &["/rmw"]),
    row("new", "new session, one value", Who::Stranger, &["/new"]),
    row(
        "flash",
        "flash: set, then take",
        FOUR,
        &["/flash/set", "/flash/take"],
    ),
    row(
        "rotate",
        "rotate the id",
        Who::Once("/seed/four"),
        &["/rotate"],
    ),
    row(
        "read-1",
        "read, 1 key",
        Who::Regular("/seed/one"),
        &["/read"],
    ),
    row(
        "read-16",
        "read one of 16 keys",
        Who::Regular("/seed/sixteen"),
        &["/read"],
    ),
    row(
        "read-256",
        "read one of 256 keys",
        Who::Regular("/seed/many"),
        &["/read"],
    ),
    row(
        "read-16k",
        "read beside 16 KiB",
        Who::Regular("/seed/large"),
        &["/read"],
    ),
];

/// What a session of each seed holds, so that all implementations hold the same.
pub struct Seed {
    /// Keys beside the number that is read, each with a number.
    pub more: usize,
    /// Token, locale and counter.
    pub person: bool,
    pub large: bool,
}

impl Seed {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "four" => Self {
                more: 0,
                person: true,
                large: false,
            },
            "one" => Self {
                more: 0,
                person: false,
                large: false,
            },
            "sixteen" => Self {
                more: 15,
                person: false,
                large: false,
            },
            "many" => Self {
                more: 255,
                person: false,
                large: false,
            },
            "large" => Self {
                more: 0,
                person: true,
                large: true,
            },
            _ => return None,
        })
    }

    pub fn keys(&self) -> impl Iterator<Item = (String, u64)> + use<> {
        (0..self.more).map(|n| (format!("key{n:03}"), n as u64))
    }
}

/// What is read.
pub const USER: u64 = 4_000_000_007;
pub const TOKEN: &str = "5b0f8a6d2c9e4713a8d6f0b1c2e3d4a5";
pub const LOCALE: &str = "en-GB";
pub const NOTICE: &str = "Your changes were saved.";
/// What a handler answers when all is well, and when something is not there.
pub const YES: &str = "yes";
pub const NO: &str = "no";

pub fn large() -> String {
    "x".repeat(16 * 1024)
}

pub const fn said(is_there: bool) -> &'static str {
    if is_there { YES } else { NO }
}

/// Which seed a session has that holds so many keys and so large a value: proof that it holds all of it.
pub fn named(keys: usize, large: usize) -> String {
    let name = match (keys, large) {
        (1, 0) => "/seed/one",
        (4, 0) => "/seed/four",
        (16, 0) => "/seed/sixteen",
        (256, 0) => "/seed/many",
        (5, 16_384) => "/seed/large",
        _ => return format!("{keys} keys and {large} bytes"),
    };
    name.into()
}
