//! What a generated `consume_f` returns.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Error;

/// The value of a field on its way out of the session: what `consume_f` of an accessor returns.
///
/// Commits at once, when it is first polled, and gives the value to exactly one of all concurrent callers; `None` to
/// the others. Costs what [`Session::commit`](crate::Session::commit) costs, and nothing where there is no value.
///
/// ```
/// use session::{Data, Session, SessionSchema};
///
/// #[derive(SessionSchema)]
/// struct Mail {
///     code: Option<u32>,
/// }
///
/// async fn is_right(mail: &MailAccessor, typed: u32) -> Result<bool, session::Error> {
///     Ok(mail.consume_code().await? == Some(typed))
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mail = Session::detached(Data::new()).typed::<Mail>()?;
/// assert_eq!(mail.consume_code().await?, None);
/// assert!(!is_right(&mail, 1234).await?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As [`Session::commit`](crate::Session::commit).
///
/// # Cancel safety
///
/// A commit that has begun runs to its end even if this future is dropped: the value is gone then.
#[must_use = "nothing is consumed before it is awaited"]
pub struct Consume<'a, T>(Outcome<'a, T>);

type Outcome<'a, T> = Pin<Box<dyn Future<Output = Result<Option<T>, Error>> + Send + 'a>>;

impl<'a, T> Consume<'a, T> {
    pub(super) fn new(
        consumes: impl Future<Output = Result<Option<T>, Error>> + Send + 'a,
    ) -> Self {
        Self(Box::pin(consumes))
    }
}

impl<T> Future for Consume<'_, T> {
    type Output = Result<Option<T>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for Consume<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Consume")
    }
}
