use session::Session;

struct Theme;

fn set(session: &Session) {
    let _ = session.set("theme", Theme);
    let _ = session.set("name", "borrowed".to_owned().as_str());
    let _ = session.get::<Theme>("theme");
}

fn main() {}
