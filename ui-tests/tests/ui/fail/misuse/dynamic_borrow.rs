use session::Session;

fn set(session: &Session, name: &str) {
    let _ = session.set("name", name);
}

fn main() {}
