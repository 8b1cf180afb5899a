//! What a schedule came to, as the rules look at it.

use http::{Response, StatusCode, header};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cookie {
    None,
    Removal,
    Id(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) cookie: Cookie,
}

/// A live session as a test can compare it: owner and data, without ids and times.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    pub(crate) owner: Option<&'static str>,
    pub(crate) data: String,
}

#[derive(Debug)]
pub(crate) struct Outcome {
    /// By request; `None` for what is not a request.
    pub(crate) answers: Vec<Option<Answer>>,
    /// The sessions that live in the end, with their ids.
    pub(crate) live: Vec<(String, Seen)>,
    /// The same, comparable.
    pub(crate) sessions: Vec<Seen>,
    /// The id that every request presented.
    pub(crate) presented: String,
    /// An id that was found dead and then alive.
    pub(crate) revived: bool,
    /// The id that every request presented was not live at first, and then it was.
    pub(crate) adopted: bool,
    /// How many known ids lived at once, at most.
    pub(crate) most_live: usize,
}

pub(crate) fn seen(record: &session::Record) -> Seen {
    let owner = record.header.owner.as_ref().map(|owner| {
        let names = ["ann", "bob"];
        *names
            .iter()
            .find(|name| session::OwnerKey::of(**name) == owner.key)
            .unwrap()
    });
    let mut data = String::new();
    for key in record.data.keys() {
        match record.data.get::<serde_json::Value>(key) {
            Ok(value) => data.push_str(&format!("{key}={} ", value.unwrap())),
            Err(_) => {
                let flashes = format!("{:?}", record.data).matches("FlashEntry").count();
                data.push_str(&format!("{key}:{flashes} "));
            }
        }
    }
    Seen { owner, data }
}

pub(crate) fn cookie(response: &Response<()>) -> Cookie {
    let mut sent = response.headers().get_all(header::SET_COOKIE).iter();
    let Some(first) = sent.next() else {
        return Cookie::None;
    };
    assert!(sent.next().is_none(), "two cookies: {response:?}");
    let value = first.to_str().unwrap().split_once('=').unwrap().1;
    match value.split(';').next().unwrap() {
        "" => Cookie::Removal,
        id => Cookie::Id(id.to_owned()),
    }
}
