use session::{Session, SessionLayer, Typed};

struct Account {
    theme: Option<String>,
}

fn view(session: &Session) {
    let _ = session.typed::<Account>();
}

fn check(layer: &SessionLayer) {
    let _ = layer.check::<(Account,)>();
}

async fn handler(account: Typed<Account>) {}

fn main() {}
