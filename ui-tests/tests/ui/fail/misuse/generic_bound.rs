use session::SessionSchema;

#[derive(SessionSchema)]
struct Recent<T> {
    #[session(default)]
    items: Vec<T>,
}

fn last<T>(recent: &RecentAccessor<T>) {
    recent.items();
}

struct NotStorable;

fn view(session: &session::Session) {
    let _ = session.typed::<Recent<NotStorable>>();
}

fn main() {}
