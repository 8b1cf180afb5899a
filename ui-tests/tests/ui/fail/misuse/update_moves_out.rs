use session::SessionSchema;

#[derive(SessionSchema)]
struct Cart {
    #[session(default)]
    names: Vec<String>,
}

fn add(cart: &CartAccessor, name: String) {
    cart.update_names(move |names| names.push(name));
}

fn main() {}
