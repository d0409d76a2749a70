//! The only clock of the product.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evenkeel_domain::value::Moment;
use jiff::Timestamp;

/// The system's clock, or one that a test moves by hand.
#[derive(Clone)]
pub struct Clock(Option<Arc<Mutex<Timestamp>>>);

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that shows this time until a test moves it.
    pub fn by_hand(now: Moment) -> Self {
        Self(Some(Arc::new(Mutex::new(now.into()))))
    }

    /// Whether a test moves it by hand.
    pub fn is_by_hand(&self) -> bool {
        self.0.is_some()
    }

    /// Moves a test's clock forward. Does nothing to the system's clock.
    pub fn advance(&self, by: Duration) {
        if let Some(hand) = &self.0 {
            let mut now = hand.lock().unwrap_or_else(PoisonError::into_inner);
            *now = now.saturating_add(by).unwrap_or(*now);
        }
    }

    /// The current time.
    #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
    pub fn now(&self) -> Moment {
        let now = match &self.0 {
            Some(hand) => *hand.lock().unwrap_or_else(PoisonError::into_inner),
            None => Timestamp::now(),
        };
        // A system clock outside the range of `Moment` (years 1 to 2199) reads as 1970 instead of failing.
        Moment::try_from(now)
            .or_else(|_| Moment::try_from(Timestamp::UNIX_EPOCH))
            .unwrap_or_else(|_| unreachable!())
    }
}
