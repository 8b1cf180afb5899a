use session::SessionSchema;

#[derive(SessionSchema)]
struct Cart {
    #[session(default)]
    total: u64,
}

fn add(cart: &CartAccessor) {
    let price = std::rc::Rc::new(5);
    cart.update_total(move |total| *total += *price);
}

fn main() {}
