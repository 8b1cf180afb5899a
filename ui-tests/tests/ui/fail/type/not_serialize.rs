use session::SessionSchema;

#[derive(Clone, serde::Deserialize)]
struct Theme;

#[derive(SessionSchema)]
struct A {
    theme: Option<Theme>,
}

fn read(a: &AAccessor) {
    a.set_theme(Theme);
    a.update_theme(|theme| *theme = None);
    let _: Option<Theme> = a.theme();
}

fn main() {}
