//! An answer of the server, and what a test expects of it.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
    /// The body as JSON, `null` if it is something else.
    pub json: Value,
    pub(super) asked: String,
}

impl Answer {
    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        self.json
    }

    /// A problem with this status that names this field; `""` names none.
    #[track_caller]
    pub fn refused(self, status: u16, pointer: &str) -> Value {
        let (asked, problem) = (self.asked.clone(), self.json.clone());
        let kind = self.header("content-type");
        self.is(status);
        assert_eq!(kind, "application/problem+json", "{asked}");
        assert_eq!(problem["status"], status, "{asked}: {problem}");
        for member in ["type", "title", "detail"] {
            assert!(
                problem[member].as_str().is_some_and(|text| !text.is_empty()),
                "{asked}: {member} in {problem}"
            );
        }
        if !pointer.is_empty() {
            let named = problem["errors"].as_array().is_some_and(|errors| {
                errors
                    .iter()
                    .any(|e| e["pointer"] == pointer && e["detail"].as_str().is_some_and(|d| !d.is_empty()))
            });
            assert!(named, "{asked}: no error at {pointer} in {problem}");
        }
        problem
    }

    /// A header's text, empty if it is not there.
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }
}
