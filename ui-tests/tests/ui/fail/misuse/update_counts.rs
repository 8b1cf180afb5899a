//! A closure that may run several times has no state of its own.

use session::SessionSchema;

#[derive(SessionSchema)]
struct Cart {
    #[session(default)]
    total: u64,
}

fn add(cart: &CartAccessor) {
    let mut runs = 0;
    cart.update_total(move |total| {
        runs += 1;
        println!("run {runs}");
        *total += 1;
    });
}

fn main() {}
