//! HTML that is escaped unless its type says that it is HTML.

use std::fmt;

/// A piece of HTML.
#[derive(Clone, Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// For [`html!`], whose text is ours and whose arguments are escaped.
    pub(super) fn of_literals(html: String) -> Self {
        Self(html)
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl FromIterator<Self> for Markup {
    fn from_iter<I: IntoIterator<Item = Self>>(pieces: I) -> Self {
        Self(pieces.into_iter().map(|piece| piece.0).collect())
    }
}

/// Formats like `format!`. Arguments are named, and escaped unless they are [`Markup`]; the literal is not.
macro_rules! html {
    ($text:literal $(, $name:ident = $value:expr)* $(,)?) => {
        // `concat!` keeps `{name}` from picking up a variable past the escaping: that does not compile.
        $crate::storefront::html::Markup::of_literals(format!(
            concat!($text),
            $($name = $crate::storefront::html::Shown(&$value)),*
        ))
    };
}
pub(super) use html;

/// What may stand in HTML.
pub(super) trait Show {
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

pub(super) struct Shown<'a, T: ?Sized>(pub(super) &'a T);

impl<T: Show + ?Sized> fmt::Display for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}

impl Show for str {
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            f.write_str(&rest[..at])?;
            f.write_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)
    }
}

impl Show for String {
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().show(f)
    }
}

impl<T: Show + ?Sized> Show for &T {
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).show(f)
    }
}

impl Show for Markup {
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! show_plainly {
    ($($type:ty)*) => {$(
        impl Show for $type {
            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}
show_plainly!(u16 u32 u64 usize super::shop::Price session::SessionHandle);

#[cfg(test)]
mod tests {
    #[test]
    fn text_is_escaped_and_markup_is_not() {
        let name = "<b>\"Ann\" & 'Bob'</b>ü";
        let page = html!(
            "<p title=\"{name}\">{n}{inner}</p>",
            name = name,
            n = 3u32,
            inner = html!("<i>")
        );
        assert_eq!(
            page.into_string(),
            "<p title=\"&lt;b&gt;&quot;Ann&quot; &amp; &#39;Bob&#39;&lt;/b&gt;ü\">3<i></p>"
        );
    }
}
