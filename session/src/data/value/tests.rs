use super::inline::Short;
use super::*;
use std::collections::BTreeMap;

fn json(text: &str) -> Value {
    Value::raw(Format::Json, Bytes::copy_from_slice(text.as_bytes()))
}

#[test]
fn a_native_value_reads_as_another_type_like_bytes_do() {
    for value in [Value::new(7i64), json("7")] {
        assert_eq!(value.get::<u64>(), Ok(7));
        assert_eq!(value.get::<i64>(), Ok(7));
        assert_eq!(value.get::<String>(), Err(Cause::Shape));
        assert_eq!(value.get::<u64>(), Ok(7));
    }
    for value in [Value::new(-1i64), json("-1")] {
        assert_eq!(value.get::<u64>(), Err(Cause::Shape));
    }
}

/// `serde_json` calls it a mistake of syntax where it wants an enum and finds a number, and nothing is wrong with the bytes.
#[test]
fn what_is_well_formed_and_no_enum_has_another_shape() {
    #[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
    enum Step {
        Start,
    }
    for value in [Value::new(7u64), json("7"), json("[]"), json("\"End\"")] {
        assert_eq!(value.get::<Step>(), Err(Cause::Shape), "{value:?}");
    }
    for text in ["", "{", "7 7", "[1", "\"Sta"] {
        assert_eq!(json(text).get::<Step>(), Err(Cause::Damaged), "{text}");
    }
    let no_text = Value::raw(Format::Json, Bytes::from_static(b"\"\xff\""));
    assert_eq!(no_text.get::<Step>(), Err(Cause::Damaged));
    assert_eq!(json("\"Start\"").get::<Step>(), Ok(Step::Start));
}

#[test]
fn bytes_are_decoded_once_and_written_back_as_they_came() {
    let value = json("{\"a\" : 1}");
    let first = value
        .read::<BTreeMap<String, u8>, _>(std::ptr::from_ref)
        .unwrap();
    let second = value
        .read::<BTreeMap<String, u8>, _>(std::ptr::from_ref)
        .unwrap();
    assert_eq!(first, second);
    let mut out = Vec::new();
    assert_eq!(value.write(Format::Json, &mut out), Ok(Format::Json));
    assert_eq!(out, b"{\"a\" : 1}");
}

#[test]
fn what_cannot_be_encoded_says_its_type_and_not_its_value() {
    let map = BTreeMap::from([((1u8, 2u8), "secret")].map(|(k, v)| (k, v.to_owned())));
    let value = Value::new(map);
    let error = value.size().unwrap_err();
    assert!(error.0.contains("BTreeMap"), "{error:?}");
    assert_eq!(value.get::<String>(), Err(Cause::Unencodable));
}

#[test]
fn t60_deep_nesting_is_an_error() {
    let deep = "[".repeat(100_000);
    assert_eq!(json(&deep).get::<serde_json::Value>(), Err(Cause::Damaged));
}

#[test]
fn size_is_the_length_of_the_json_text() {
    assert_eq!(Value::new("a\"b".to_owned()).size(), Ok(6));
    assert_eq!(Value::new(12u8).size(), Ok(2));
    assert_eq!(json(" 12").size(), Ok(3));
}

#[test]
fn small_values_need_no_allocation_and_behave_like_any_other() {
    assert_eq!(size_of::<Value>(), 24);
    let inline = |value: &Value| matches!(value.0, Repr::Inline(_));
    for value in [
        Value::new(7u64),
        Value::new(7i64),
        Value::new(7u32),
        Value::new(7i32),
    ] {
        assert!(inline(&value));
        assert_eq!(
            (value.get(), value.get(), value.get()),
            (Ok(7u64), Ok(7i64), Ok(7u8))
        );
        assert_eq!(value.size(), Ok(1));
        assert_eq!(value.get::<bool>(), Err(Cause::Shape));
    }
    assert_eq!(Value::new(true).get::<bool>(), Ok(true));
    let longest = "x".repeat(Short::LONGEST);
    for text in ["", "en", "a\"b\u{e9}", &longest] {
        let value = Value::new(text.to_owned());
        assert!(inline(&value), "{text}");
        assert_eq!(value.get::<String>().as_deref(), Ok(text));
        assert_eq!(value.read(String::len), Ok(text.len()));
        assert_eq!(value.get::<u64>(), Err(Cause::Shape));
        let json = serde_json::to_string(text).unwrap();
        assert_eq!(value.size(), Ok(json.len()));
        assert_eq!(value.to_json().unwrap(), json);
        assert!(value.is_same(&Value::new(text.to_owned())));
    }
    let controls: String = (0..0x30).map(char::from).collect();
    let texts = controls.chars().map(|c| Value::new(c.to_string()));
    let unsigned = [0, 9, 10, 99, 100, u64::MAX].map(Value::new);
    let signed = [0, -1, -10, i64::MIN, i64::MAX].map(Value::new);
    let small = [
        Value::new(u32::MAX),
        Value::new(i32::MIN),
        Value::new(true),
        Value::new(false),
    ];
    for value in texts.chain(unsigned).chain(signed).chain(small) {
        assert!(inline(&value));
        assert_eq!(value.size(), Ok(value.to_json().unwrap().len()));
    }
    let text = |value: &Value| matches!(value.0, Repr::Text(_));
    for (long, is_text) in [
        (longest.clone() + "x", true),
        ("\u{e9}".repeat(LONGEST / 2), true),
        (longest.clone() + "\n", false),
        ("x".repeat(LONGEST), true),
        ("x".repeat(LONGEST + 1), false),
    ] {
        let value = Value::new(long.clone());
        assert!(!inline(&value));
        assert_eq!(text(&value), is_text, "{long}");
        assert_eq!(value.get::<String>().as_deref(), Ok(&*long));
        assert_eq!(value.read(String::clone).as_deref(), Ok(&*long));
        assert_eq!(value.get::<u64>(), Err(Cause::Shape));
        assert_eq!(value.size(), Ok(value.to_json().unwrap().len()));
        assert!(value.is_same(&value.clone()) && !value.is_same(&Value::new(long)));
    }
    let longer = Value::new(longest + "x");
    assert!(longer.is_same(&longer.clone()) && !longer.is_same(&Value::new(1u64)));
    assert!(!Value::new(1u64).is_same(&Value::new(1i64)));
}
