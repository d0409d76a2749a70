//! Identifiers: one type for each kind of thing.

/// Makes an identifier type for one kind of thing, so that ids of two kinds cannot be swapped.
#[macro_export]
macro_rules! id {
    ($(#[doc = $doc:literal])* $name:ident) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(::uuid::Uuid);
        $crate::from_text!($name, $crate::value::Invalid::Id);
        impl From<::uuid::Uuid> for $name {
            fn from(id: ::uuid::Uuid) -> Self { Self(id) }
        }
        impl From<$name> for ::uuid::Uuid {
            fn from(id: $name) -> Self { id.0 }
        }
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result { self.0.fmt(f) }
        }
        impl ::std::str::FromStr for $name {
            type Err = $crate::value::Invalid;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self).map_err(|_| $crate::value::Invalid::Id)
            }
        }
        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                $crate::value::text_schema(concat!($($doc),*), None, None, Some("uuid"), "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3")
            }
        }
        impl ::utoipa::ToSchema for $name {}
    };
}
