//! Events as lines, for the process that collects the histories of others.

use crate::world::{Act, Event, Outcome, Told};

impl Event {
    /// One line.
    pub(crate) fn to_line(&self) -> String {
        let (act, user) = match self.act {
            Act::Push => ("push", 0),
            Act::Read => ("read", 0),
            Act::Rotate => ("rotate", 0),
            Act::SignIn(user) => ("in", user),
            Act::SignOut => ("out", 0),
            Act::Revoke(user) => ("revoke", user),
            Act::Others => ("others", 0),
        };
        let sent = self.sent.as_deref().unwrap_or("-");
        let outcome = match self.outcome {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Unknown => "unknown",
        };
        let told = match &self.told {
            Told::Nothing => "-",
            Told::Removal => "removal",
            Told::Id(id) => id,
        };
        let Self {
            browser,
            op,
            start,
            end,
            entered,
            body,
            ..
        } = self;
        format!(
            "event {browser} {act} {user} {op} {sent} {start} {end} {entered} {outcome} {told} <{body}>"
        )
    }

    /// The event of a line, if it is one.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let (_, line) = line.split_once("event ")?;
        let parts: Vec<&str> = line.split(' ').collect();
        let number = |part: &str| part.parse::<u64>().unwrap();
        let &[
            browser,
            act,
            user,
            op,
            sent,
            start,
            end,
            entered,
            outcome,
            told,
            body,
        ] = &*parts
        else {
            panic!("half a line: {line}");
        };
        Some(Self {
            browser: number(browser),
            act: match act {
                "push" => Act::Push,
                "read" => Act::Read,
                "rotate" => Act::Rotate,
                "in" => Act::SignIn(number(user)),
                "out" => Act::SignOut,
                "revoke" => Act::Revoke(number(user)),
                "others" => Act::Others,
                other => panic!("no such act: {other}"),
            },
            op: number(op),
            sent: (sent != "-").then(|| sent.to_owned()),
            start: number(start),
            end: number(end),
            entered: number(entered),
            outcome: match outcome {
                "done" => Outcome::Done,
                "refused" => Outcome::Refused,
                _ => Outcome::Unknown,
            },
            told: match told {
                "-" => Told::Nothing,
                "removal" => Told::Removal,
                id => Told::Id(id.to_owned()),
            },
            body: body.trim_matches(['<', '>']).to_owned(),
        })
    }
}
