//! What invented people say.

use evenkeel_domain::craving::{CueKind, TriggerCategory as Trigger};

/// What recalls use in such a situation, and what people write of it.
pub(super) fn situation(trigger: Trigger) -> (CueKind, &'static [&'static str], &'static [&'static str]) {
    match trigger {
        Trigger::NegativeEmotions => (
            CueKind::Emotion,
            &["boredom", "feeling low", "worry about rent", "shame"],
            &[
                "Long empty evening, nothing on.",
                "Could not stop thinking about the hearing.",
                "Low all day. Sat with it.",
            ],
        ),
        Trigger::PhysicalDiscomfort => (
            CueKind::Body,
            &["back pain", "no sleep", "headache", "restless legs"],
            &["Slept three hours.", "Back again. Took a hot shower instead.", "Shaky until I ate something."],
        ),
        Trigger::PositiveEmotions => (
            CueKind::Emotion,
            &["good news", "a day off", "getting paid"],
            &[
                "Got the shift I wanted and my first thought was to celebrate.",
                "Good day, which is when I let my guard down.",
            ],
        ),
        Trigger::TestingControl => (
            CueKind::Thought,
            &["just one", "I have earned it", "nobody would know"],
            &["Told myself I could handle one. Played it forward.", "Thought about it in the checkout line."],
        ),
        Trigger::Urges => (
            CueKind::Thing,
            &["a lighter", "an old message", "the smell", "cash in hand"],
            &[
                "Came out of nowhere.",
                "Found an old contact in my phone. Deleted it.",
                "Drove past the old corner.",
            ],
        ),
        Trigger::Conflict => (
            CueKind::People,
            &["my brother", "my ex", "the shift lead"],
            &[
                "Row about money again.",
                "She brought up last year. Walked out to cool down.",
                "Manager on my back all day.",
            ],
        ),
        Trigger::SocialPressure => (
            CueKind::People,
            &["old friends", "a neighbor", "the crew after work"],
            &[
                "They kept offering. Left early.",
                "Everyone had a drink but me.",
                "Said I was driving. It worked.",
            ],
        ),
        Trigger::PleasantTimes => (
            CueKind::Time,
            &["the game", "a birthday", "the barbecue", "Saturday night"],
            &["Nice evening, hard to be the only one without.", "Game night. Held on to my soda."],
        ),
    }
}

/// Where a trigger comes from, how people put it, and what helps against it.
pub(super) fn planned(trigger: Trigger) -> (&'static str, &'static [&'static str], &'static [&'static str]) {
    match trigger {
        Trigger::NegativeEmotions => (
            "internal",
            &["Empty evenings when nobody calls", "Thinking about the hearing", "Feeling like a burden"],
            &["library:call_someone", "library:name_the_feeling"],
        ),
        Trigger::PhysicalDiscomfort => (
            "internal",
            &["My back after a double shift", "Mornings when I did not sleep", "Shaky and hungry at four"],
            &["library:halt_check", "library:paced_breathing"],
        ),
        Trigger::PositiveEmotions => (
            "internal",
            &["Good news, and the urge to celebrate", "The first sunny day off"],
            &["library:play_the_tape", "library:ride_good_feelings"],
        ),
        Trigger::TestingControl => (
            "internal",
            &["Telling myself one would be fine now", "Keeping some at home to prove I can"],
            &["library:play_the_tape", "library:burn_the_bridge"],
        ),
        Trigger::Urges => (
            "external",
            &["Payday with cash in my hand", "The corner by the old place", "His number still in my phone"],
            &["library:urge_surfing", "library:delay_15"],
        ),
        Trigger::Conflict => (
            "external",
            &["Rows about money", "My ex on the phone", "The shift lead shouting"],
            &["library:take_a_time_out", "library:paced_breathing"],
        ),
        Trigger::SocialPressure => (
            "external",
            &["The crew going for one after work", "My cousin who always offers"],
            &["library:refuse_an_offer", "library:leave_the_trigger"],
        ),
        Trigger::PleasantTimes => (
            "external",
            &["Watching the game with the others", "Barbecues at my brother's"],
            &["library:plan_the_risky_hours", "library:refuse_an_offer"],
        ),
    }
}

/// A high-risk situation, and how somebody stays out, gets out or gets through.
#[derive(Clone, Copy)]
pub(super) struct SituationWords {
    pub(super) words: &'static str,
    pub(super) avoid: &'static str,
    pub(super) escape: &'static str,
    pub(super) cope: &'static str,
}

pub(super) const SITUATIONS: [SituationWords; 5] = [
    SituationWords {
        words: "Payday Friday, on my way home",
        avoid: "Pay goes to the account; I carry twenty dollars",
        escape: "Get off one stop early and walk by the water",
        cope: "Ring somebody before I leave work",
    },
    SituationWords {
        words: "My brother's place when they are drinking",
        avoid: "Meet him for breakfast instead",
        escape: "I drove myself, so I can go when I want",
        cope: "Soda in my hand from the first minute",
    },
    SituationWords {
        words: "Alone at home after a fight",
        avoid: "Say early that I need a break",
        escape: "Shoes on, round the block, phone with me",
        cope: "Text the group; somebody is always up",
    },
    SituationWords {
        words: "Sunday nights before the week starts",
        avoid: "Evening meeting at seven",
        escape: "Go to my mother's, the key is on the ring",
        cope: "Pack the lunch, lay out clothes, wind down",
    },
    SituationWords {
        words: "When the pain is bad and the pills are there",
        avoid: "My sister keeps the box and counts with me",
        escape: "Leave the bathroom, ring the nurse line",
        cope: "Heat pad, slow breathing, wait fifteen minutes",
    },
];
pub(super) const REASONS: [&str; 9] = [
    "My daughter asks if I will be at the recital, and I want to say yes",
    "I like waking up and remembering the night",
    "My license back, and driving the truck again",
    "Mom can sleep when I am well",
    "I want my own place by summer",
    "My liver numbers are coming down",
    "I promised Dee, and I promised myself",
    "To be the uncle they call, not the one they hide things from",
    "I was good at my trade and I want it back",
];
pub(super) const SIGNS: [(&str, &str); 8] = [
    ("emotional", "I stop answering texts from the group"),
    ("emotional", "Dishes pile up and I sleep in my clothes"),
    ("emotional", "I say 'fine' before anybody has finished asking"),
    ("mental", "I think of the good nights and skip how they ended"),
    ("mental", "I work out which days nobody would notice"),
    ("mental", "I start little lies about where I have been"),
    ("mental", "I drive past the old corner though it is not on my way"),
    ("physical", "One to take the edge off"),
];
pub(super) const SUPPORTS: [(&str, &str, &str, &str); 8] = [
    ("Ray", "sponsor", "call 555-0111", "Stay on the phone until it is over"),
    ("Dee", "family", "call or text 555-0118", "Come and get me, no questions"),
    ("Manny", "peer", "text 555-0123", "Walk with me"),
    ("Pastor Lewis", "clergy", "call 555-0127", "Sit with me after service"),
    ("Carla", "friend", "call 555-0131", "Talk about anything else"),
    ("Mom", "family", "call 555-0134", "A bed for the night"),
    ("Tuesday group", "peer", "text the group chat", "Somebody is always up"),
    ("Uncle Joe", "family", "call 555-0139", "Work for my hands on a Saturday"),
];
pub(super) const LAPSE_STEPS: [&str; 7] = [
    "Stop. Get rid of the rest. Once is not all.",
    "Go where somebody is",
    "Ring Ray or Dee, whoever picks up first",
    "Eat something and drink water; rest only where somebody checks on me",
    "Tell my counselor by the next session",
    "Write down what came before it",
    "Go to the next meeting, even if I sit at the back",
];
pub(super) const ROUTINE: [&str; 6] = [
    "Up at seven, bed made, coffee on the steps",
    "Group on Monday, Tuesday and Thursday",
    "Gym or a long walk before dinner",
    "Dinner with the kids on Wednesdays",
    "Phone on the charger in the kitchen by ten",
    "Laundry and groceries on Sunday",
];
pub(super) const MILESTONES: [&str; 4] = ["30 days", "60 days", "90 days", "My first sober birthday"];
pub(super) const CRISIS: [&str; 4] = [
    "I think that everyone would be better off",
    "I stop eating and lie in the dark",
    "I give things away",
    "I go over the same night again and again",
];
pub(super) const ALONE: [&str; 5] = [
    "Cold water on my face and wrists",
    "Walk to the pier and back",
    "The playlist from the summer",
    "Fix something in the garage",
    "Sit with the dog",
];
pub(super) const DISTRACTIONS: [(&str, &str); 4] = [
    ("place", "The diner on Third, the corner booth"),
    ("person", "My nephew, he always wants to play"),
    ("place", "The library until eight"),
    ("person", "Carla, for a film"),
];
pub(super) const SAFEGUARDS: [&str; 4] = [
    "Dee keeps the pills and hands me a week at a time",
    "Uncle Joe has locked the gun away at his place",
    "No alcohol in the house",
    "The door is unlocked for my sister when it is bad",
];
pub(super) const ASSIGNED: [(&str, &str); 4] = [
    (
        "library:urge_surfing",
        "Once a day this week, best on a weak urge, so that it is there for a strong one.",
    ),
    ("library:delay_15", "Try it on the next three urges and tell me what happened at minute ten."),
    ("library:play_the_tape", "Write your tape down once. We will read it together on Thursday."),
    ("library:paced_breathing", "Five minutes before bed. It is practice, not a test."),
];
pub(super) const GOOD_DAY: [&str; 6] = [
    "Quiet day. Made dinner for the first time in weeks.",
    "Group was good.",
    "Slept through.",
    "Took the long way round and it was fine.",
    "Called my sister. We laughed.",
    "Work was busy and that helped.",
];
pub(super) const HARD_DAY: [&str; 6] = [
    "Hard from the minute I woke up.",
    "Money again. It all came at once.",
    "I got through it but I am worn out.",
    "Barely slept and everyone was loud.",
    "Nobody knows how close it was.",
    "I just want this day to be over.",
];
pub(super) const WEEK_NOTES: [&str; 4] = [
    "Can we talk about my shift times?",
    "I would like to look at the plan again.",
    "The court date is on the 14th and I keep thinking of it.",
    "Better week than the last.",
];
pub(super) const PRACTICE_NOTES: [&str; 5] = [
    "It passed sooner than I thought.",
    "Had to do it twice.",
    "Felt silly, worked anyway.",
    "Not today.",
    "Did it in the car before going in.",
];
/// A lapse: its kind of situation, and in own words a note, what was going on, how it felt, what was thought, what helped to stop, what next.
pub(super) const DEBRIEFS: [(Trigger, [&str; 6]); 4] = [
    (
        Trigger::SocialPressure,
        [
            "Gave in at the game. Went home then.",
            "Game night, everyone was at it, and I had not eaten.",
            "Left out, then restless",
            "One will not hurt",
            "I saw Dee's name on the phone and went outside",
            "Eat first, drive myself, leave at halftime",
        ],
    ),
    (
        Trigger::Conflict,
        [
            "After the row. I am sorry and I am here.",
            "We shouted about rent and I walked straight to the store.",
            "Angry, then ashamed",
            "Nothing matters now anyway",
            "Rang Ray from the parking lot",
            "Walk the other way round the block and ring before I shop",
        ],
    ),
    (
        Trigger::Urges,
        [
            "I used last night. Once.",
            "Payday, cash in my pocket, bus past the old corner.",
            "Proud and wired",
            "I have earned it",
            "Threw the rest away and sat up with somebody from group",
            "Pay to the account, and the other bus",
        ],
    ),
    (
        Trigger::PhysicalDiscomfort,
        [
            "Slipped on a bad pain day.",
            "Three nights without sleep, and I was by myself.",
            "Worn out",
            "I just need to sleep",
            "Told my sister in the morning",
            "Ring the nurse line on the first bad night, not the third",
        ],
    ),
];
