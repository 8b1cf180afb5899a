use session::Session;

struct Theme;

fn set(session: &Session) {
    let _ = session.set("theme", Theme);
    let _ = session.get::<Theme>("theme");
}

fn main() {}
