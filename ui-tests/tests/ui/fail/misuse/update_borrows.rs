use session::SessionSchema;

#[derive(SessionSchema)]
struct Cart {
    #[session(default)]
    total: u64,
    coupon: Option<String>,
    items: Vec<u64>,
}

fn add(cart: &CartAccessor) {
    let price = 5;
    cart.update_total(|total| *total += price);
    cart.update_coupon(|coupon| *coupon = Some(price.to_string()));
    cart.update_items(|items| items.push(price));
}

fn add_what_is_lent(cart: &CartAccessor, name: &str) {
    cart.update_coupon(move |coupon| *coupon = Some(name.to_owned()));
}

fn main() {}
