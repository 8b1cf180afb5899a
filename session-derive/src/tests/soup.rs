//! Whatever the macro is fed, as by an editor while the user types, it answers with tokens.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Tokens that are mostly what belongs here: pure noise fails too early to reach anything.
    fn items(&mut self, pool: &[TokenStream]) -> TokenStream {
        let count = self.below(4);
        let items: Vec<_> = (0..count).map(|_| self.pick(pool).clone()).collect();
        match self.below(8) {
            0 => quote!(#(#items)*),
            1 => quote!(#(#items,)* ,),
            _ => quote!(#(#items),*),
        }
    }

    /// Now and then loses, doubles or exchanges a token at any depth.
    fn damage(&mut self, tokens: TokenStream) -> TokenStream {
        let mut damaged = Vec::new();
        for tree in tokens {
            let tree = match tree {
                TokenTree::Group(group) => {
                    let delimiter = match self.below(60) {
                        0 => Delimiter::None,
                        1 => Delimiter::Bracket,
                        _ => group.delimiter(),
                    };
                    Group::new(delimiter, self.damage(group.stream())).into()
                }
                tree => tree,
            };
            match self.below(120) {
                0 => {}
                1 => damaged.extend([tree.clone(), tree]),
                2 => damaged.insert(self.below(damaged.len() + 1), tree),
                _ => damaged.push(tree),
            }
        }
        damaged.into_iter().collect()
    }
}

fn pool(texts: &[&str]) -> Vec<TokenStream> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn never_panics() {
    let container = pool(&[
        r#"prefix = "a.""#,
        r#"prefix = "__""#,
        r#"prefix = """#,
        r#"rename_all = "camelCase""#,
        r#"rename_all = "SCREAMING-KEBAB-CASE""#,
        r#"rename_all = "x""#,
        r#"redirect = "/login""#,
        r#"redirect = "//evil""#,
        r#"next = "next""#,
        "status = 403",
        "status = 99999999999999999999999",
        "status = 403.5",
        "accessor = X",
        "accessor = r#type",
        "crate = ::a::b",
        "crate = crate",
        "crate = a",
        "owner",
        "é = 1",
    ]);
    let field = pool(&[
        r#"key = "k""#,
        r#"key = """#,
        r#"key = "__k""#,
        r#"alias = "k""#,
        r#"alias = "old""#,
        "alias",
        "default",
        "default = a::<B, C>()",
        "default = |a, b| a < b",
        "default = if x { Self::A } else { match y { _ => [1, 2] } }",
        "default = ",
        "default = = 2",
        "default(1)",
        "flash",
        "flash = true",
        r#"ttl = "10m""#,
        r#"ttl = "99999999999999999999999w""#,
        r#"ttl = "µs""#,
        "ttl = 10",
        "owner",
        "keep",
        "per_login",
        "read_only",
        "secret",
        "strict",
        "prefix",
        "r#default",
        "::x",
        "'a",
        "#",
        "\"x\"",
        "(a, b)",
    ]);
    let types = pool(&[
        "u8",
        "Option<u8>",
        "Vec<T>",
        "::core::option::Option<Self>",
        "Option<Option<[T; N]>>",
        "Option",
        "Vec<u8, A>",
        "&'a str",
        "Option<&'static str>",
        "(Option<u8>)",
        "<T as Tr>::X",
        "fn(u8) -> u8",
        "dyn A + B",
        "m!(x)",
        "_",
        "!",
    ]);
    let names = pool(&[
        "a", "a", "b", "set_a", "take_b", "r#type", "clone", "session", "__x", "été", "X_y",
        "r#try", "self",
    ]);
    let generics = pool(&[
        "",
        "",
        "<T>",
        "<'a, T: Tr = u8>",
        "<T, const N: usize = 3>",
        "<const N: usize>",
    ]);
    let wheres = pool(&["", "", "where T: Clone", "where Self: Sized, T: 'a"]);
    let visibilities = pool(&["", "pub", "pub(crate)", "pub(in a::b)", "crate"]);
    let kinds = pool(&[
        "struct", "struct", "struct", "struct", "struct", "struct", "enum", "union",
    ]);
    let others = pool(&[
        "#[doc = \"x\"]",
        "#[deprecated]",
        "#[allow(x)]",
        "#[expect]",
        "",
        "",
    ]);

    let mut random = Random(0x5EED_5EED_5EED_5EED);
    let (mut parsed, mut accepted, mut kept) = (0, 0, 0);
    for _ in 0..10_000 {
        let (container, generics) = (random.items(&container), random.pick(&generics).clone());
        let (wheres, kind) = (random.pick(&wheres).clone(), random.pick(&kinds).clone());
        let fields: Vec<_> = (0..random.below(4))
            .map(|_| {
                let (items, other) = (random.items(&field), random.pick(&others).clone());
                let (vis, name) = (
                    random.pick(&visibilities).clone(),
                    random.pick(&names).clone(),
                );
                let ty = random.pick(&types).clone();
                quote!(#[session(#items)] #other #vis #name: #ty)
            })
            .collect();
        let vis = random.pick(&visibilities).clone();
        let body = quote!({ #(#fields),* });
        let input = quote!(#[session(#container)] #vis #kind S #generics #wheres #body);
        let input = if random.below(3) == 0 {
            random.damage(input)
        } else {
            input
        };

        let output = crate::derive(input.clone());
        let says = |word: &str| {
            output
                .clone()
                .into_iter()
                .any(|tree| matches!(tree, TokenTree::Ident(i) if i == word))
        };
        if syn::parse2::<syn::DeriveInput>(input).is_ok() {
            parsed += 1;
            accepted += usize::from(!says("compile_error"));
            assert!(
                says("struct"),
                "no accessor, so that its uses are errors too: {output}"
            );
        } else {
            assert!(says("compile_error"), "{output}");
            kept += usize::from(says("struct"));
        }
    }
    // Else the soup is too thin or too clear to prove anything.
    assert!(parsed > 4_000, "{parsed}");
    assert!(kept > 300, "{kept}");
    assert!(
        (300..parsed - 300).contains(&accepted),
        "{accepted} of {parsed}"
    );
}

#[test]
fn damage_damages() {
    let tokens = quote!(a b (c d) e);
    let mut random = Random(1);
    let changed = (0..1_000).map(|_| random.damage(tokens.clone()).to_string());
    let changed = changed.filter(|text| *text != tokens.to_string());
    assert!(changed.count() > 10);
}
