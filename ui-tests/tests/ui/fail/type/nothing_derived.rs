use session::SessionSchema;

struct Theme;

#[derive(SessionSchema)]
struct A {
    theme: Option<Theme>,
    #[session(default = Vec::new())]
    themes: Vec<Theme>,
    #[session(flash)]
    proposals: Vec<crate::Theme>,
}

fn read(a: &AAccessor) {
    a.set_theme(Theme);
    a.update_themes(|themes| themes.push(Theme));
    let _: Vec<Theme> = a.peek_proposals();
}

fn main() {}
