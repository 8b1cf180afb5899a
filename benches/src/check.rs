//! What an implementation has to do right before anybody measures how fast it does it.

use crate::client::Client;
use crate::runner::Ask;
use crate::scenario::{NO, YES};

type Checked = Result<(), String>;

fn expect(client: &mut Client, runner: &mut dyn Ask, path: &'static str, body: &str) -> Checked {
    let answer = client.ask(runner, path);
    if answer.status == 200 && answer.body == body {
        Ok(())
    } else {
        Err(format!(
            "{path} answered {} {:?} instead of {body:?}",
            answer.status, answer.body
        ))
    }
}

/// `sessions`: the bare router has none, and only has to answer.
pub fn check(runner: &mut dyn Ask, sessions: bool) -> Checked {
    let stranger = &mut Client::default();
    expect(stranger, runner, "/untouched", YES)?;
    if !sessions {
        for path in [
            "/read",
            "/rmw",
            "/new",
            "/flash/set",
            "/flash/take",
            "/rotate",
            "/seed/four",
        ] {
            expect(stranger, runner, path, YES)?;
        }
        return Ok(());
    }
    expect(&mut Client::default(), runner, "/read", NO)?;
    for seed in [
        "/seed/one",
        "/seed/four",
        "/seed/sixteen",
        "/seed/many",
        "/seed/large",
    ] {
        let client = &mut Client::default();
        expect(client, runner, seed, YES)?;
        expect(client, runner, "/untouched", YES)?;
        expect(client, runner, "/read", YES)?;
        expect(client, runner, "/whole", seed)?;
    }

    let client = &mut Client::default();
    expect(client, runner, "/seed/four", YES)?;
    for _ in 0..3 {
        expect(client, runner, "/rmw", YES)?;
    }
    expect(client, runner, "/visits", "3")?;

    let before = client.cookies();
    expect(client, runner, "/rotate", YES)?;
    if client.cookies() == before {
        return Err("rotation left the cookie as it was".into());
    }
    expect(client, runner, "/visits", "3")?;
    if runner.ask("/visits", &before).body == "3" {
        return Err("rotation left the old id alive".into());
    }

    expect(client, runner, "/flash/take", NO)?;
    expect(client, runner, "/flash/set", YES)?;
    expect(client, runner, "/flash/take", YES)?;
    expect(client, runner, "/flash/take", NO)?;
    expect(client, runner, "/visits", "3")?;

    let (one, two) = (&mut Client::default(), &mut Client::default());
    expect(one, runner, "/new", YES)?;
    expect(two, runner, "/new", YES)?;
    if one.cookies() == two.cookies() || one.cookies() == Client::default().cookies() {
        return Err("two new sessions have one cookie".into());
    }
    expect(one, runner, "/read", YES)
}
