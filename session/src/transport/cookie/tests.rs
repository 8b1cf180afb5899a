use std::time::Duration;

use http::header::{COOKIE, HeaderMap, SET_COOKIE};

use super::*;
use crate::id::SessionId;
use crate::transport::{IdTransport, Issue, PresentedIds};

const GOOD: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const EVIL: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA";

fn cookies() -> Cookies {
    CookieTransport::new().compile().unwrap()
}

fn read(lines: &[&[u8]]) -> Vec<String> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
    }
    let mut found = PresentedIds::default();
    cookies().read(&headers, &mut found);
    found
        .ids()
        .map(|id| id.expose_secret().as_str().to_owned())
        .collect()
}

#[test]
fn t01_only_the_exact_name_is_ours() {
    let impostors = [
        "%5F%5FHost-id",
        "\u{2000}__Host-id",
        "\u{a0}__Host-id",
        "\u{85}__Host-id",
        "__HOST-id",
        "__host-id",
        "__Host-id ",
        "\u{b}__Host-id",
        "__Host-idx",
        "x__Host-id",
    ];
    for name in impostors {
        if name.bytes().any(|b| b < 0x20) {
            continue; // no header value can hold it
        }
        for line in [
            format!("__Host-id={GOOD}; {name}={EVIL}"),
            format!("{name}={EVIL}; __Host-id={GOOD}"),
        ] {
            assert_eq!(read(&[line.as_bytes()]), [GOOD], "{name:?}");
        }
    }
}

#[test]
fn t02_odd_pairs_are_split_like_bytes() {
    for line in [
        format!("=__Host-id={GOOD}"),
        "__Host-id".to_owned(),
        format!("a=\"b; __Host-id={GOOD}\""),
        format!("__Host-id=\"{GOOD}\""),
        format!("a=b, __Host-id={GOOD}"),
        format!("__Host-id={GOOD}, a=b"),
    ] {
        assert_eq!(read(&[line.as_bytes()]), [""; 0], "{line}");
    }
    for line in [
        format!("$Version=1; __Host-id={GOOD}; $Path=/"),
        format!(";;;__Host-id={GOOD};"),
        format!("a=\"; \t __Host-id={GOOD}"),
    ] {
        assert_eq!(read(&[line.as_bytes()]), [GOOD], "{line}");
    }
}

/// A second splitter, written another way, must find the same in random soup.
#[test]
fn t02_the_parser_agrees_with_a_reference() {
    fn reference(line: &[u8]) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for pair in String::from_utf8_lossy(line).split(';') {
            let pair = pair.trim_start_matches([' ', '\t']);
            if let Some(("__Host-id", value)) = pair.split_once('=')
                && SessionId::parse(value.as_bytes()).is_some()
                && !out.contains(&value.to_owned())
            {
                out.push(value.to_owned());
            }
        }
        out.truncate(3);
        out
    }
    let pieces: [&[u8]; 12] = [
        b"__Host-id",
        b"=",
        b";",
        b" ",
        b"; ",
        b"\t",
        GOOD.as_bytes(),
        EVIL.as_bytes(),
        b"\"",
        b",",
        b"a=b",
        b"\xff",
    ];
    let mut seed = 0x9E37_79B9_7F4A_7C15u64;
    let mut hits = 0;
    for _ in 0..200_000 {
        let mut line = Vec::new();
        for _ in 0..12 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            line.extend_from_slice(pieces[(seed % 12) as usize]);
        }
        let line = line.trim_ascii();
        let found = read(&[line]);
        hits += usize::from(!found.is_empty());
        assert_eq!(found, reference(line), "{}", String::from_utf8_lossy(line));
    }
    assert!(hits > 100, "the soup must hold cookies: {hits}");
}

#[test]
fn t03_malformed_ids_are_no_ids() {
    let stretched = "A".repeat(4096);
    let values: [&str; 9] = [
        "",
        &GOOD[..42],
        &format!("{GOOD}A"),
        &stretched,
        &format!("{GOOD}="),
        "../",
        &GOOD.replace('A', "."),
        &format!("{}B", &GOOD[..42]),
        "%41",
    ];
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(
            COOKIE,
            HeaderValue::from_str(&format!("__Host-id={value}")).unwrap(),
        );
    }
    let mut found = PresentedIds::default();
    cookies().read(&headers, &mut found);
    assert_eq!(found.ids().count(), 0);
}

#[test]
fn t04_a_broken_neighbour_hides_nothing() {
    let good = format!("__Host-id={GOOD}");
    assert_eq!(read(&[b"x=\xff; y", good.as_bytes()]), [GOOD]);
    assert_eq!(
        read(&[[b"x=\xff; ", good.as_bytes()].concat().as_slice()]),
        [GOOD]
    );
}

#[test]
fn t06_copies_and_split_lines_are_one_id() {
    let good = format!("__Host-id={GOOD}");
    assert_eq!(read(&[good.as_bytes(), b"a=b", good.as_bytes()]), [GOOD]);
}

#[test]
fn t08_impossible_cookies_are_refused() {
    let new = CookieTransport::new;
    let bad = [
        new().domain("example.com"),
        new().path("/shop"),
        new().secure(false),
        new().name("__Secure-id").secure(false),
        new().name("id").secure(false).same_site(SameSite::None),
        new().name("id").secure(false).partitioned(true),
        new().name("__host-id"),
        new().name("Host__id"),
        new().name("i\u{1}d"),
        new().name("i d"),
        new().name(""),
        new().name("a".repeat(4096)),
        new().name("id").path("/a\u{7f}"),
        new().name("id").path("shop"),
        new().name("id").path("/;x"),
        new().name("id").domain("exa\u{1}mple.com"),
        new().name("id").domain("a;b"),
        new().name("id").domain(""),
    ];
    for cookie in bad {
        assert!(cookie.validate().is_err(), "{cookie:?}");
    }
}

#[test]
fn t08_what_is_written_is_read_and_removed_under_the_same_scope() {
    let new = CookieTransport::new;
    for cookie in [
        new(),
        new().insecure(),
        new()
            .name("s")
            .path("/shop")
            .domain("example.com")
            .http_only(false),
        new()
            .name("__Secure-s")
            .same_site(SameSite::None)
            .partitioned(true),
    ] {
        let cookies = cookie.compile().unwrap();
        let id = SessionId::generate().unwrap();
        let mut headers = HeaderMap::new();
        cookies.write(&id, &Issue::new(true, None), &mut headers);
        cookies.remove(&mut headers);
        let mut sent = headers
            .get_all(SET_COOKIE)
            .iter()
            .map(|v| v.to_str().unwrap());
        let (set, removed) = (sent.next().unwrap(), sent.next().unwrap());
        let (pair, attributes) = set.split_once("; ").unwrap();
        let mut request = HeaderMap::new();
        request.insert(COOKIE, HeaderValue::from_str(pair).unwrap());
        let mut found = PresentedIds::default();
        cookies.read(&request, &mut found);
        assert_eq!(found.ids().collect::<Vec<_>>(), [id]);
        // The removal repeats every attribute, has no value, and ends now.
        let mut removal: Vec<_> = removed.split("; ").collect();
        assert_eq!(removal.remove(0), format!("{}=", cookies.name()));
        assert!(removal.contains(&"Max-Age=0"));
        for attribute in attributes.split("; ") {
            assert!(removal.contains(&attribute), "{attribute} in {removed}");
        }
        // No attribute twice.
        let mut names: Vec<_> = attributes
            .split("; ")
            .map(|a| a.split('=').next().unwrap())
            .collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}

#[test]
fn p01_d09_each_default_is_independent() {
    let sent = |cookie: CookieTransport| {
        let mut headers = HeaderMap::new();
        let id = SessionId::parse(GOOD.as_bytes()).unwrap();
        cookie
            .compile()
            .unwrap()
            .write(&id, &Issue::new(true, None), &mut headers);
        headers[SET_COOKIE].to_str().unwrap().replace(GOOD, "ID")
    };
    let new = CookieTransport::new;
    assert_eq!(
        sent(new()),
        "__Host-id=ID; HttpOnly; SameSite=Lax; Secure; Path=/"
    );
    assert_eq!(
        sent(new().name("id")),
        "id=ID; HttpOnly; SameSite=Lax; Secure; Path=/"
    );
    assert_eq!(
        sent(new().insecure()),
        "id=ID; HttpOnly; SameSite=Lax; Path=/"
    );
    assert_eq!(
        sent(new().http_only(false)),
        "__Host-id=ID; SameSite=Lax; Secure; Path=/"
    );
}

#[test]
fn t20_max_age_stays_within_400_days() {
    let id = SessionId::parse(GOOD.as_bytes()).unwrap();
    for (asked, sent) in [
        (Duration::ZERO, "Max-Age=0"),
        (Duration::MAX, "Max-Age=34560000"),
        (Duration::from_secs(90), "Max-Age=90"),
    ] {
        let mut headers = HeaderMap::new();
        cookies().write(&id, &Issue::new(true, Some(asked)), &mut headers);
        assert!(headers[SET_COOKIE].to_str().unwrap().ends_with(sent));
    }
}
