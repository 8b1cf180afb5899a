//! What is sold, what lies in a cart, and what was ordered.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::schema::UserId;

/// Cents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Price(pub(super) u32);

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "€{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[derive(Debug)]
pub(super) struct Product {
    pub(super) slug: &'static str,
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    pub(super) price: Price,
    /// Of its tile, in degrees.
    pub(super) hue: u16,
    /// A drawing: the path of an SVG, 24 units wide.
    pub(super) drawing: &'static str,
}

pub(super) const PRODUCTS: [Product; 8] = [
    Product {
        slug: "mug",
        name: "Stoneware mug",
        text: "Thrown by hand, glazed in slate. Holds three decilitres, and its warmth.",
        price: Price(1850),
        hue: 25,
        drawing: "M5 8h11v8a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4zM16 10h1.5a2.5 2.5 0 0 1 0 5H16M8 3v2M12 3v2",
    },
    Product {
        slug: "notebook",
        name: "Dotted notebook",
        text: "160 pages that lie flat, sewn, with a ribbon that does not fray.",
        price: Price(1490),
        hue: 205,
        drawing: "M6 3h11a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H6zM9 3v18M12 8h3M12 12h3",
    },
    Product {
        slug: "lamp",
        name: "Desk lamp",
        text: "Warm light on a joint of brass. Dims down to a candle.",
        price: Price(7900),
        hue: 45,
        drawing: "M8 21h8M12 21v-4l-5-6 6-5M11 4l6 6 1.5-4.5zM18 12v2M20.5 11l1 1",
    },
    Product {
        slug: "backpack",
        name: "Canvas backpack",
        text: "Waxed cotton, eighteen litres, one large pocket and one that you find.",
        price: Price(11900),
        hue: 140,
        drawing: "M6 9a6 6 0 0 1 12 0v11a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1zM9.5 3.5V2h5v1.5M9 14h6v4H9zM10 9h4",
    },
    Product {
        slug: "fern",
        name: "Potted fern",
        text: "Forgives a forgotten week. Comes in clay.",
        price: Price(2400),
        hue: 110,
        drawing: "M8 15h8l-1 6H9zM12 15V6M12 9c-4 0-5-2-5-4 3 0 5 1 5 4zM12 12c4 0 5-2 5-4-3 0-5 1-5 4z",
    },
    Product {
        slug: "clock",
        name: "Wall clock",
        text: "Silent, twenty-six centimetres, readable from the sofa.",
        price: Price(5600),
        hue: 280,
        drawing: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2",
    },
    Product {
        slug: "headphones",
        name: "Headphones",
        text: "Closed, light, and with a cable that you can replace.",
        price: Price(14900),
        hue: 330,
        drawing: "M4 17v-4a8 8 0 0 1 16 0v4M4 14h3v6H5a1 1 0 0 1-1-1zM20 14h-3v6h2a1 1 0 0 0 1-1z",
    },
    Product {
        slug: "pen",
        name: "Fountain pen",
        text: "A steel nib for every day, in a body of black resin.",
        price: Price(3200),
        hue: 230,
        drawing: "M4 20l1.5-5L15 5.5l3.5 3.5L9 18.5zM13 7.5l3.5 3.5M4 20l4-4",
    },
];

impl Product {
    pub(super) fn find(slug: &str) -> Option<&'static Self> {
        PRODUCTS.iter().find(|product| product.slug == slug)
    }
}

/// How many of one thing a cart takes.
pub(super) const MAX_QUANTITY: u32 = 99;

/// How many of what, by the product's slug.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Cart(BTreeMap<String, u32>);

/// One line of a cart that is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) product: &'static Product,
    pub(super) quantity: u32,
}

impl Line {
    pub(super) fn total(&self) -> Price {
        Price(self.product.price.0 * self.quantity)
    }
}

impl Cart {
    pub(super) fn add(&mut self, product: &Product, quantity: u32) {
        let present = self.0.entry(product.slug.to_owned()).or_default();
        *present = present.saturating_add(quantity).min(MAX_QUANTITY);
    }

    /// None of it removes it.
    pub(super) fn set(&mut self, product: &Product, quantity: u32) {
        if quantity == 0 {
            self.0.remove(product.slug);
        } else {
            self.0
                .insert(product.slug.to_owned(), quantity.min(MAX_QUANTITY));
        }
    }

    pub(super) fn count(&self) -> u32 {
        self.lines().map(|line| line.quantity).sum()
    }

    /// What is no longer sold is not shown, and not ordered.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line> {
        self.0.iter().filter_map(|(slug, &quantity)| {
            let product = Product::find(slug)?;
            Some(Line { product, quantity })
        })
    }

    pub(super) fn total(&self) -> Price {
        Price(self.lines().map(|line| line.total().0).sum())
    }
}

#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) number: u32,
    pub(super) cart: Cart,
}

/// All orders. A shop keeps them in its database: a session is not the place for what must last.
#[derive(Debug, Default)]
pub(super) struct Orders(Mutex<HashMap<UserId, Vec<Order>>>);

impl Orders {
    pub(super) fn place(&self, user: UserId, cart: Cart) -> u32 {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let placed: usize = orders.values().map(Vec::len).sum();
        let number = 1001 + u32::try_from(placed).unwrap_or(u32::MAX - 1001);
        orders.entry(user).or_default().push(Order { number, cart });
        number
    }

    pub(super) fn of(&self, user: UserId) -> Vec<Order> {
        let orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        orders.get(&user).cloned().unwrap_or_default()
    }
}
