//! The name of a table, validated and quoted.

use std::fmt;

/// How an engine quotes a name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Quote {
    /// `"name"`: the standard, PostgreSQL and SQLite.
    Double,
    /// `` `name` ``: MySQL and MariaDB.
    Back,
}

/// A table's name, with the schema (in MySQL the database) that it stands in.
///
/// ASCII letters, digits and underscores only, not beginning with a digit, at most 40 of them: what is derived from it
/// (the owners' table, the indices) stays below every engine's limit, and nothing has to be escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    schema: Option<String>,
    table: String,
}

impl TableName {
    pub(crate) const DEFAULT: &str = "sessions";
    const LONGEST: usize = 40;

    /// Reads `table` or `schema.table`.
    pub(crate) fn parse(text: &str) -> Result<Self, TableNameError> {
        let (schema, table) = match text.split_once('.') {
            Some((schema, table)) => (Some(schema), table),
            None => (None, text),
        };
        let part = |part: &str| {
            let word = part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let digit = part.bytes().next().is_none_or(|b| b.is_ascii_digit());
            let good = word && !digit && part.len() <= Self::LONGEST;
            good.then(|| part.to_owned()).ok_or(TableNameError)
        };
        Ok(Self {
            schema: schema.map(part).transpose()?,
            table: part(table)?,
        })
    }

    /// The quoted name of the table, or of another whose name is this one's and a suffix.
    pub(crate) fn quoted(&self, quote: Quote, suffix: &str) -> String {
        let mark = match quote {
            Quote::Double => '"',
            Quote::Back => '`',
        };
        let table = format!("{mark}{}{suffix}{mark}", self.table);
        match &self.schema {
            Some(schema) => format!("{mark}{schema}{mark}.{table}"),
            None => table,
        }
    }

    /// The quoted name of an index: indices stand in the schema of their table and are named without it.
    pub(crate) fn quoted_index(&self, quote: Quote, suffix: &str) -> String {
        let table = Self {
            schema: None,
            table: self.table.clone(),
        };
        table.quoted(quote, suffix)
    }
}

/// Not the name of a table: `table` or `schema.table`, each at most 40 ASCII letters, digits and underscores, not
/// beginning with a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableNameError;

impl fmt::Display for TableNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a table's name is `table` or `schema.table`, each at most 40 ASCII letters, digits and underscores, \
             not beginning with a digit",
        )
    }
}

impl std::error::Error for TableNameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_as_the_engine_wants_it() {
        let name = TableName::parse("web.sessions").unwrap();
        assert_eq!(name.quoted(Quote::Double, ""), r#""web"."sessions""#);
        assert_eq!(
            name.quoted(Quote::Back, "_owners"),
            "`web`.`sessions_owners`"
        );
        assert_eq!(
            name.quoted_index(Quote::Double, "_owner"),
            r#""sessions_owner""#
        );
        let plain = TableName::parse("Sessions_2").unwrap();
        assert_eq!(plain.quoted(Quote::Double, ""), r#""Sessions_2""#);
    }

    #[test]
    fn whatever_could_need_escaping_is_no_name() {
        let long = "x".repeat(41);
        for bad in [
            "", ".", "a.", ".a", "a.b.c", "1a", "a b", "a\"b", "a`b", "a;b", "é", "a-b", "a\0",
            &long,
        ] {
            assert_eq!(TableName::parse(bad), Err(TableNameError), "{bad}");
        }
        assert!(TableName::parse(TableName::DEFAULT).is_ok());
        assert!(TableName::parse(&"x".repeat(40)).is_ok());
    }
}
