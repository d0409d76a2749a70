//! What is read and what is refused. A refusal names each fault, but nothing that only follows from a fault.

use super::*;
use evenkeel_domain::check_in::CheckInDraft;
use evenkeel_domain::craving::CravingDraft;
use evenkeel_domain::log_entry::Correction;
use evenkeel_domain::plan::proposal::Proposal;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value};

const GOOD: &str = r#""occurred_at":"2026-03-02T18:00:00Z","time_zone":"America/New_York","intensity":5"#;

fn required(fields: &[&str]) -> Vec<String> {
    let required = ["occurred_at", "time_zone", "intensity", "entry", "merge", "version", "limit", "name"];
    let is_known = fields.iter().any(|field| required.contains(field));
    let of_struct = required.iter().filter(|field| is_known && fields.contains(field));
    of_struct.map(ToString::to_string).collect()
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T, Vec<Fault>> {
    Tree::of(serde_json::from_str(body).unwrap()).read(body.len(), required)
}

/// Asserts that these are all the faults: each is a pointer and the start of its detail.
#[track_caller]
fn named<T: DeserializeOwned>(body: &str, expected: &[&str]) {
    let faults = read::<T>(body).err().unwrap_or_default();
    let faults: Vec<_> = faults.iter().map(|fault| format!("{} {fault}", fault.pointer())).collect();
    let fits = |(fault, expected): (&String, &&str)| fault.starts_with(expected);
    assert!(faults.len() == expected.len() && faults.iter().zip(expected).all(fits), "{faults:#?}");
}

fn pointers<T: DeserializeOwned>(body: &str) -> Vec<String> {
    read::<T>(body).err().unwrap_or_default().iter().map(Fault::pointer).collect()
}

/// A craving with these additional members.
fn craving(more: &str) -> String {
    format!("{{{GOOD},{more}}}")
}

#[test]
fn every_fault_is_named_with_what_the_field_must_be() {
    let body = r#"{"occurred_at":"yesterday","intensity":11,"time_zone":7,"color":1,"triggers":["conflict","rain",5],
        "cues":[{"kind":"place","text":"the bar"},{"kind":"smell","text":""},{"kind":"place","size":2}],
        "note":["x"],"outcome":"won","company":"alone"}"#;
    named::<CravingDraft>(
        body,
        &[
            "/occurred_at must be a time such as 2026-03-02T18:05:00Z",
            "/intensity must be 0 to 10, was 11",
            "/time_zone must be a text",
            "/color is not known here, only occurred_at, time_zone",
            "/triggers/1 must be one of negative_emotions, ",
            "/triggers/2 must be one of negative_emotions, ",
            "/cues/1/kind must be one of people, place",
            "/cues/1/text must have 1 to 120 characters, had 0",
            "/cues/2/size is not known here, only kind or text",
            "/cues/2/text must be given",
            "/note must be a text",
            "/outcome must be one of passed, still_going, lapsed",
        ],
    );
}

#[test]
fn every_field_that_is_missing_is_named() {
    assert_eq!(pointers::<CravingDraft>("{}"), ["/occurred_at", "/time_zone", "/intensity"]);
    let body = r#"{"entry":{"occurred_at":1,"color":1},"reason":""}"#;
    let named = ["/entry/occurred_at", "/entry/color", "/entry/time_zone", "/entry/intensity", "/reason"];
    assert_eq!(pointers::<Correction<CravingDraft>>(body), named);
    assert_eq!(pointers::<Correction<CravingDraft>>(r#"{"reason":5}"#), ["/reason", "/entry"]);
    // For a type that `required` does not know, only the first missing field is named.
    assert_eq!(pointers::<CravingDraft>(&craving(r#""cues":[{}]"#)), ["/cues/0/kind"]);
}

#[test]
fn a_fault_that_only_follows_from_another_is_not_named() {
    let cues = vec![r#"{"kind":"place","text":"x"}"#; 13].join(",");
    named::<CravingDraft>(
        &craving(&format!("\"cues\":[{cues}]")),
        &["/cues must have at most 12 entries, had 13"],
    );
    // If a part is left out, its list is not counted and nothing in it is missing.
    let body = craving(&format!("\"cues\":[{cues},5]")).replace(":5,", ":50,");
    assert_eq!(pointers::<CravingDraft>(&body), ["/intensity", "/cues/13"]);
    assert_eq!(pointers::<Correction<CravingDraft>>(r#"{"entry":5}"#), ["/entry"]);
}

#[test]
fn a_member_that_is_sent_twice_is_named_once() {
    let body = craving(r#""intensity":11,"note":5,"x":1,"x":2"#);
    named::<CravingDraft>(
        &body,
        &["/intensity must be given once", "/note must be a text", "/x is not known here"],
    );
}

#[test]
fn a_list_is_not_read_as_an_object_nor_an_object_as_a_word() {
    named::<CravingDraft>(r#"["2026-03-02T18:00:00Z","UTC",5]"#, &[" must be an object"]);
    let cue = craving(r#""cues":[["place","the bar"]],"outcome":{"passed":null}"#);
    named::<CravingDraft>(
        &cue,
        &["/cues/0 must be an object", "/outcome must be one of passed, still_going"],
    );
}

#[test]
fn a_text_or_number_that_cannot_be_held_is_a_fault_of_its_field() {
    for (value, words) in [
        ("1e400", TOO_LARGE),
        (r#""\ud800""#, HALF_PAIR),
        (r#""\ud800\u0041""#, HALF_PAIR),
        (r#"{"\udc00":1}"#, HALF_PAIR),
    ] {
        let found = read::<CravingDraft>(&craving(&format!("\"note\":{value},\"place\":7"))).unwrap_err();
        assert_eq!((found[0].pointer().as_str(), found[0].detail.as_str()), ("/note", words), "{value}");
        assert_eq!(found[1].pointer(), "/place", "{value}");
    }
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(read::<Value>(&nested(MOST_LEVELS)).is_ok());
    let found = read::<Value>(&nested(MOST_LEVELS + 1)).unwrap_err();
    assert_eq!((found[0].path.len(), found[0].detail.as_str()), (MOST_LEVELS, TOO_DEEP));
    assert_eq!(
        pointers::<CravingDraft>(&craving(&format!("\"x\":{},\"place\":7", nested(9_000)))),
        ["/x", "/place"]
    );
}

#[test]
fn a_fault_inside_a_tagged_variant_is_a_fault_of_the_variant() {
    #[derive(Deserialize)]
    #[serde(tag = "kind", deny_unknown_fields)]
    enum Tagged {
        #[expect(dead_code, reason = "only read")]
        Cue { cue: evenkeel_domain::craving::Cue },
    }

    let step = |more: &str| format!(r#"{{"kind":"add_lapse_response_step"{more}}}"#);
    named::<Proposal>(&step(r#","words":"""#), &[" must have 1 to 160 characters, had 0"]);
    named::<Proposal>(&step(""), &["/words must be given"]);
    named::<Proposal>(&step(r#","words":"x","x":1"#), &["/x is not known here, only words"]);
    named::<Proposal>(r#"{"kind":"x","words":"x"}"#, &["/kind must be one of add_trigger, "]);
    named::<Proposal>(r#"{"words":"x"}"#, &["/kind must be given"]);

    named::<Vec<Tagged>>(
        r#"[{"kind":"Cue","cue":{"kind":"place","text":"x","size":1}},{"kind":"Cue"}]"#,
        &["/0 is not known here, only kind or text", "/1/cue must be given"],
    );
}

#[test]
fn numbers_and_check_in_answers_say_what_they_must_be() {
    let body = r#"{"kind":"daily","version":70000,"occurred_at":"2026-03-02T18:00:00Z","time_zone":"UTC",
        "answers":{"mood":{"x":1},"sleep_hours":7.25,"":1,"note":"","signs":[1]},"reason":true}"#;
    named::<CheckInDraft>(
        body,
        &[
            "/version must be a whole number from -32768 to 32767",
            "/answers/mood must be true or false, a number",
            "/answers/sleep_hours must have at most one decimal place",
            "/answers/ must have 1 to 40 characters",
            "/answers/note must have 1 to 280 characters",
            "/answers/signs/0 must be a text",
            "/reason must be a text",
        ],
    );
}

#[test]
fn a_parameter_is_read_as_the_type_of_its_field() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        merge: bool,
        version: i16,
        limit: i64,
        name: String,
    }
    let read = |pairs: [(&'static str, &'static str); 4]| {
        let pairs = pairs.map(|(name, value)| (name.into(), Tree::Parameter(value.into())));
        Tree::Object(pairs.into()).read::<Asked>(1, required)
    };
    let asked = Asked { merge: true, version: 3, limit: -4, name: "5".to_owned() };
    assert_eq!(read([("merge", "true"), ("version", "3"), ("limit", "-4"), ("name", "5")]).unwrap(), asked);
    let found = read([("merge", "1"), ("version", "x"), ("limit", "99999999999999999999"), ("page", "5")])
        .unwrap_err();
    let pointers: Vec<_> = found.iter().map(Fault::pointer).collect();
    assert_eq!(pointers, ["/merge", "/version", "/limit", "/page", "/name"]);
}

#[test]
fn a_refusal_stays_short() {
    let unknown = |count: usize| (0..count).map(|n| format!("\"k{n}\":0")).collect::<Vec<_>>().join(",");
    assert_eq!(pointers::<CravingDraft>(&craving(&unknown(150))).len(), MOST_FAULTS);
    // A long body gets fewer passes.
    let large = pointers::<CravingDraft>(&craving(&unknown(6_000))).len();
    assert!((5..20).contains(&large), "{large}");
    let long =
        craving(&format!("\"cues\":[{{\"kind\":\"place\",\"text\":\"x\",\"{}\":1}}]", "~".repeat(150)));
    assert_eq!(pointers::<CravingDraft>(&long), ["/cues/0"]);
    assert_eq!(pointers::<CravingDraft>(&craving(r#""a/b~c":1"#)), ["/a~1b~0c"]);
}

fn json_of(leaf: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    leaf.prop_recursive(3, 20, 4, |inner| {
        let names = select(vec!["kind", "text", "note", "a/b", "ü"]);
        let object = prop::collection::vec((names, inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    json_of(prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ])
}

const MEMBERS: [&str; 12] = [
    "occurred_at",
    "time_zone",
    "intensity",
    "substance",
    "triggers",
    "cues",
    "halt",
    "place",
    "coping_used",
    "note",
    "outcome",
    "x",
];

/// Values, some of which a member of a craving may have.
fn any_part() -> impl Strategy<Value = Value> {
    let parts = r#"[null, true, 5, 11, -1, 5.5, "", "x", "UTC", "2026-03-02T18:00:00Z", "place", "conflict", "tired",
        "home", "alone", "passed", "alcohol", {"kind": "place", "text": "x"}, ["conflict", "tired"]]"#;
    json_of(select(serde_json::from_str::<Vec<Value>>(parts).unwrap()))
}

proptest! {
    #[test]
    fn json_is_read_as_it_was_sent(sent in any_json()) {
        let sent = sent.to_string();
        prop_assert_eq!(read::<Value>(&sent).unwrap(), serde_json::from_str::<Value>(&sent).unwrap());
    }

    #[test]
    fn a_body_is_read_or_refused_as_serde_would(
        names in subsequence(MEMBERS.to_vec(), 0..4),
        parts in prop::collection::vec(any_part(), 4),
    ) {
        let mut sent: Map<String, Value> = serde_json::from_str(&craving("\"company\":\"alone\"")).unwrap();
        sent.extend(names.into_iter().map(str::to_owned).zip(parts));
        // serde alone would read an array as a cue.
        let cues = sent.get("cues").and_then(Value::as_array);
        let is_strict = !cues.is_some_and(|cues| cues.iter().any(Value::is_array));
        let sent = Value::Object(sent).to_string();
        let fits = serde_json::from_str::<CravingDraft>(&sent).ok().filter(|_| is_strict);
        match read::<CravingDraft>(&sent) {
            Ok(draft) => prop_assert_eq!(Some(draft), fits),
            Err(faults) => {
                prop_assert!(fits.is_none(), "{faults:?}");
                let mut pointers: Vec<_> = faults.iter().map(Fault::pointer).collect();
                pointers.sort();
                pointers.dedup();
                prop_assert!((1..=MOST_FAULTS).contains(&pointers.len()) && pointers.len() == faults.len(), "{faults:?}");
                // No fault is around another: the outer one would only follow from the inner one.
                let within = |one: &Fault| faults.iter().any(|other| one.path != other.path && other.path.starts_with(&one.path));
                prop_assert!(!faults.iter().any(within), "{faults:?}");
            }
        }
    }
}
