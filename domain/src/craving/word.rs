//! The choices in a craving: substance, kind of situation, cue, company, place and outcome.

words! {
    /// What was craved.
    Substance {
        /// Beer, wine, spirits.
        Alcohol = "alcohol",
        /// Cannabis in any form.
        Cannabis = "cannabis",
        /// Cocaine or crack.
        Cocaine = "cocaine",
        /// LSD, psilocybin, ketamine and the like.
        Hallucinogens = "hallucinogens",
        /// Solvents, gases, nitrites.
        Inhalants = "inhalants",
        /// Methamphetamine and other amphetamines.
        Methamphetamine = "methamphetamine",
        /// Tobacco or vapes.
        Nicotine = "nicotine",
        /// Heroin, fentanyl, pain pills.
        Opioids = "opioids",
        /// Benzodiazepines and sleeping pills.
        Sedatives = "sedatives",
        /// Anything else.
        Other = "other",
    }
}
words! {
    /// The kind of high-risk situation. Source: Marlatt's eight categories.
    TriggerCategory {
        /// Anger, sadness, fear, boredom.
        NegativeEmotions = "negative_emotions",
        /// Pain, withdrawal, exhaustion.
        PhysicalDiscomfort = "physical_discomfort",
        /// Feeling good, wanting to celebrate alone.
        PositiveEmotions = "positive_emotions",
        /// "I can have just one."
        TestingControl = "testing_control",
        /// Urges and temptations, with or without a cue.
        Urges = "urges",
        /// A quarrel or tension with somebody.
        Conflict = "conflict",
        /// Being offered it, or seeing others use.
        SocialPressure = "social_pressure",
        /// Pleasant times with others.
        PleasantTimes = "pleasant_times",
    }
}
words! {
    /// The kind of a cue.
    CueKind {
        /// A person.
        People = "people",
        /// A place.
        Place = "place",
        /// A thing.
        Thing = "thing",
        /// A time of the day, week or year.
        Time = "time",
        /// A feeling.
        Emotion = "emotion",
        /// A sensation.
        Body = "body",
        /// A thought.
        Thought = "thought",
    }
}
words! {
    /// HALT: hungry, angry, lonely, tired.
    Halt {
        /// Hungry.
        Hungry = "hungry",
        /// Angry.
        Angry = "angry",
        /// Lonely.
        Lonely = "lonely",
        /// Tired.
        Tired = "tired",
    }
}
words! {
    /// Who was there.
    Company {
        /// Nobody.
        Alone = "alone",
        /// A partner.
        Partner = "partner",
        /// Family.
        Family = "family",
        /// Friends.
        Friends = "friends",
        /// Colleagues.
        Colleagues = "colleagues",
        /// Others in recovery.
        Peers = "peers",
        /// People who were using.
        PeopleUsing = "people_using",
        /// Strangers.
        Strangers = "strangers",
    }
}
words! {
    /// What kind of place it was.
    Place {
        /// The person's home.
        Home = "home",
        /// Somebody else's home.
        OthersHome = "others_home",
        /// Work.
        Work = "work",
        /// School or college.
        School = "school",
        /// A bar, restaurant or party.
        GoingOut = "going_out",
        /// A store.
        Shop = "shop",
        /// On the way somewhere.
        OnTheWay = "on_the_way",
        /// Outdoors.
        Outdoors = "outdoors",
        /// A clinic or treatment program.
        Treatment = "treatment",
        /// Somewhere else.
        Other = "other",
    }
}
words! {
    /// How a craving ended.
    Outcome {
        /// It passed without use.
        Passed = "passed",
        /// It has not ended yet.
        StillGoing = "still_going",
        /// There was use.
        Lapsed = "lapsed",
    }
}
