use session::SessionSchema;

#[derive(SessionSchema)]
struct Recent<'a, T: Clone, const N: usize> {
    #[session(defualt)]
    items: Vec<T>,
    name: Option<&'a [u8; N]>,
}

fn view<T: Clone>(recent: &RecentAccessor<'_, T, 3>) -> Vec<T> {
    recent.items()
}

fn main() {}
