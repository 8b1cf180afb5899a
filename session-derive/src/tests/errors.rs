//! Errors are collected, and leave stubs behind. What each says, and where its caret is, the
//! compile-fail cases of `ui-tests` show.

use std::str::FromStr;

use proc_macro2::TokenStream;

fn derive(text: &str) -> String {
    crate::derive(TokenStream::from_str(text).unwrap()).to_string()
}

fn errors(text: &str) -> usize {
    derive(text).matches("compile_error").count()
}

#[test]
fn all_mistakes_of_a_struct_are_reported_at_once() {
    let text = r#"
        #[session(prefixx = "a", status = 200)]
        struct S<'a> {
            #[session(key = 1, flash, owner, colour)]
            a: Option<&'a str>,
            #[session(default = , keep = 1)]
            clone: u8,
            b: Tenant,
        }
    "#;
    assert_eq!(errors(text), 9);
}

#[test]
fn one_mistake_is_one_error() {
    for text in [
        "enum S { A }",
        "struct S(u8);",
        "struct S;",
        "union S { a: u8 }",
        "#[session(redirect = 5)] struct S { a: u8 }",
        "#[session(redirect = \"/a\")] struct S { a: Option<u8> }",
        "#[session(redirect = \"/a\")] enum S { A }",
        "struct S { #[session(ownr)] a: Option<u8> }",
        "struct S { #[session(flash)] a: u8 }",
        "struct S { #[session(flash, default)] a: Vec<u8> }",
        "struct S { #[session(default, flash)] a: Option<u8> }",
        "struct S { #[session(key = \"__a\")] __a: Option<u8> }",
        "struct S { __a: Option<u8> }",
        "#[session(prefix = \"__\")] struct S { a: u8, b: u8 }",
        "struct S { a: u8, set_a: u8 }",
        "struct S { a: &'static str }",
        "struct S<'a> { a: &'a str }",
        "struct S<'a> { a: Cow<'a, str> }",
    ] {
        assert_eq!(errors(text), 1, "{}", derive(text));
    }
}

#[test]
fn a_failed_derive_keeps_every_method() {
    let text = derive("struct S { #[session(oops)] a: Option<u8>, #[session(flash)] b: Vec<u8> }");
    for name in [
        "a",
        "with_a",
        "set_a",
        "update_a",
        "take_a",
        "consume_a",
        "clear_a",
        "peek_b",
        "push_b",
        "take_b",
        "session",
        "snapshot",
    ] {
        assert!(text.contains(&format!("fn {name} ")), "{name}: {text}");
    }
    assert!(
        !text.contains("TypedField"),
        "a stub asks nothing of the types: {text}"
    );
}

#[test]
fn what_parses_of_a_struct_that_does_not_keeps_its_methods() {
    for (text, kept) in [
        ("struct S { a: Option<u8>, b u8, c: u8 }", &["a", "c"][..]),
        ("struct S { a: Option<u8>, b: , c: u8 }", &["a", "c"]),
        ("struct S { a: Option<u8>, b: HashMap<u8, }", &["a"]),
        (
            "#[session(prefix = \"a.\")] pub struct S<T { a: u8 } trailing",
            &["a"],
        ),
        ("struct S { a: u8, b: u8 c: u8 }", &["a"]),
        ("struct S", &[]),
    ] {
        let output = derive(text);
        assert_eq!(errors(text), 1, "{text}: {output}");
        assert!(output.contains("struct SAccessor"), "{text}: {output}");
        for name in ["session"].iter().chain(kept) {
            assert!(output.contains(&format!("fn {name} ")), "{name} of {text}");
        }
        assert!(
            !output.contains("fn b ") || kept.contains(&"b"),
            "{text}: {output}"
        );
    }
    assert_eq!(errors("fn s() {}"), 1);
}

#[test]
fn words_that_suit_each_other_are_accepted() {
    for text in [
        "struct S {}",
        "struct S { #[session(owner, read_only, secret, strict, alias = \"b\")] a: u8 }",
        "struct S { #[session(flash, keep, ttl = \"1m\", secret)] a: Vec<u8> }",
        "struct S { #[session(flash, per_login)] session: Option<u8>, }",
        "struct S { #[session(default = a::<B, C>(), read_only)] a: u8 }",
        "struct S { #[session(ttl = \"1m\", read_only)] #[session(keep)] a: u8 }",
        "#[session(redirect = \"/#a\")] struct S { a: u8 }",
        "#[session(prefix = \"_\")] struct S { a: u8 }",
        "#[session(crate = crate)] struct S { a: u8 }",
    ] {
        assert_eq!(errors(text), 0, "{text}");
    }
}
