/// Typed access to a session, generated from [`Attributes`].
#[allow(dead_code, clippy::impl_trait_in_params)]
#[allow(deprecated)]
#[allow(clippy::option_option, reason = "told apart on purpose")]
#[allow(dropping_copy_types)]
struct AttributesAccessor {
    __handle: ::session::__private::Handle,
    __schema: ::core::marker::PhantomData<fn() -> Attributes>,
}
#[allow(dead_code, clippy::impl_trait_in_params)]
#[allow(deprecated)]
#[allow(clippy::option_option, reason = "told apart on purpose")]
#[allow(dropping_copy_types)]
const _: () = {
    impl AttributesAccessor {
        /// Returns `type`, if the session has it.
        #[must_use]
        #[inline]
        pub fn r#type(&self) -> ::core::option::Option<Option<u8>> {
            ::session::__private::get::<Attributes, __Field0>(&self.__handle, 0usize)
        }
        /// Reads [`type`](Self::r#type) in place, for values that are costly to clone.
        #[inline]
        pub fn with_type<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&Option<u8>) -> __R,
        ) -> ::core::option::Option<__R> {
            ::session::__private::with::<
                Attributes,
                __Field0,
                _,
            >(&self.__handle, 0usize, __read)
        }
        /// Sets [`type`](Self::r#type).
        #[inline]
        pub fn set_type(&self, __value: Option<u8>) {
            ::session::__private::set::<
                Attributes,
                __Field0,
            >(&self.__handle, 0usize, __value)
        }
        /// Updates [`type`](Self::r#type) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_type(
            &self,
            __update: impl ::core::ops::Fn(
                &mut ::core::option::Option<Option<u8>>,
            ) + ::core::marker::Send + 'static,
        ) {
            ::session::__private::update::<
                Attributes,
                __Field0,
            >(&self.__handle, 0usize, __update)
        }
        /// Returns [`type`](Self::r#type) and removes it.
        #[inline]
        pub fn take_type(&self) -> ::core::option::Option<Option<u8>> {
            ::session::__private::take::<Attributes, __Field0>(&self.__handle, 0usize)
        }
        /// Removes [`type`](Self::r#type) at once, and returns it to exactly one of all concurrent callers.
        ///
        /// # Errors
        ///
        /// The session could not be committed.
        #[inline]
        pub fn consume_type(&self) -> ::session::Consume<'_, Option<u8>> {
            ::session::__private::consume::<Attributes, __Field0>(&self.__handle, 0usize)
        }
        /// Removes [`type`](Self::r#type).
        #[inline]
        pub fn clear_type(&self) {
            ::session::__private::clear::<Attributes, __Field0>(&self.__handle, 0usize)
        }
        /// Before the redesign.
        ///
        /// Nobody reads it.
        #[deprecated(note = "use `type`")]
        #[must_use]
        #[inline]
        pub(super) fn kind(&self) -> ::core::option::Option<Kind> {
            ::session::__private::get::<Attributes, __Field1>(&self.__handle, 1usize)
        }
        /// Reads [`kind`](Self::kind) in place, for values that are costly to clone.
        #[deprecated(note = "use `type`")]
        #[inline]
        pub(super) fn with_kind<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&Kind) -> __R,
        ) -> ::core::option::Option<__R> {
            ::session::__private::with::<
                Attributes,
                __Field1,
                _,
            >(&self.__handle, 1usize, __read)
        }
        /// Sets [`kind`](Self::kind).
        #[deprecated(note = "use `type`")]
        #[inline]
        pub(super) fn set_kind(&self, __value: Kind) {
            ::session::__private::set::<
                Attributes,
                __Field1,
            >(&self.__handle, 1usize, __value)
        }
        /// Updates [`kind`](Self::kind) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[deprecated(note = "use `type`")]
        #[inline]
        pub(super) fn update_kind(
            &self,
            __update: impl ::core::ops::Fn(
                &mut ::core::option::Option<Kind>,
            ) + ::core::marker::Send + 'static,
        ) {
            ::session::__private::update::<
                Attributes,
                __Field1,
            >(&self.__handle, 1usize, __update)
        }
        /// Returns [`kind`](Self::kind) and removes it.
        #[deprecated(note = "use `type`")]
        #[inline]
        pub(super) fn take_kind(&self) -> ::core::option::Option<Kind> {
            ::session::__private::take::<Attributes, __Field1>(&self.__handle, 1usize)
        }
        /// Removes [`kind`](Self::kind) at once, and returns it to exactly one of all concurrent callers.
        ///
        /// # Errors
        ///
        /// The session could not be committed.
        #[deprecated(note = "use `type`")]
        #[inline]
        pub(super) fn consume_kind(&self) -> ::session::Consume<'_, Kind> {
            ::session::__private::consume::<Attributes, __Field1>(&self.__handle, 1usize)
        }
        /// Removes [`kind`](Self::kind).
        #[deprecated(note = "use `type`")]
        #[inline]
        pub(super) fn clear_kind(&self) {
            ::session::__private::clear::<Attributes, __Field1>(&self.__handle, 1usize)
        }
        /// Returns `cart`.
        #[must_use]
        #[inline]
        pub(in crate::account) fn cart(&self) -> Vec<Item> {
            ::session::__private::get_required::<
                Attributes,
                __Field2,
            >(&self.__handle, 2usize)
        }
        /// Reads [`cart`](Self::cart) in place, for values that are costly to clone.
        #[inline]
        pub(in crate::account) fn with_cart<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&Vec<Item>) -> __R,
        ) -> __R {
            ::session::__private::with_required::<
                Attributes,
                __Field2,
                _,
            >(&self.__handle, 2usize, __read)
        }
        /// Sets [`cart`](Self::cart).
        #[inline]
        pub(in crate::account) fn set_cart(&self, __value: Vec<Item>) {
            ::session::__private::set::<
                Attributes,
                __Field2,
            >(&self.__handle, 2usize, __value)
        }
        /// Updates [`cart`](Self::cart) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub(in crate::account) fn update_cart(
            &self,
            __update: impl ::core::ops::Fn(
                &mut Vec<Item>,
            ) + ::core::marker::Send + 'static,
        ) {
            ::session::__private::update_required::<
                Attributes,
                __Field2,
            >(&self.__handle, 2usize, __update)
        }
        /// The session itself, for what the schema does not describe.
        #[must_use]
        #[inline]
        fn session(&self) -> &::session::Session {
            self.__handle.session()
        }
        /// The whole [`Attributes`] as it is now. Flash fields are not taken.
        #[must_use]
        #[inline]
        fn snapshot(&self) -> Attributes {
            Attributes {
                r#type: self.r#type(),
                kind: self.kind(),
                cart: self.cart(),
            }
        }
        fn __read(__schema: &Attributes) {
            let _ = &__schema.r#type;
            let _ = &__schema.kind;
            let _ = &__schema.cart;
        }
    }
    #[automatically_derived]
    impl ::session::SessionSchema for Attributes {
        type Accessor = AttributesAccessor;
        const SCHEMA: &'static ::session::__private::Schema = &::session::__private::Schema {
            name: "Attributes",
            fields: &[
                ::session::__private::optional::<Attributes, __Field0>("type", "type"),
                ::session::__private::optional::<Attributes, __Field1>("kind", "kind"),
                ::session::__private::required::<Attributes, __Field2>("cart", "cart"),
            ],
            on_missing: ::session::__private::OnMissing::Status(401u16),
        };
        #[inline]
        fn __accessor(__handle: ::session::__private::Handle) -> AttributesAccessor {
            AttributesAccessor {
                __handle,
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    enum __Field0 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Attributes> for __Field0 {
        type Value = Option<u8>;
    }
    enum __Field1 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Attributes> for __Field1 {
        type Value = Kind;
    }
    enum __Field2 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Attributes> for __Field2 {
        type Value = Vec<Item>;
    }
    #[automatically_derived]
    impl ::core::clone::Clone for AttributesAccessor {
        #[inline]
        fn clone(&self) -> Self {
            AttributesAccessor {
                __handle: ::core::clone::Clone::clone(&self.__handle),
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for AttributesAccessor {
        #[inline]
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let __schema = <Attributes as ::session::SessionSchema>::SCHEMA;
            self.__handle.fmt_debug("AttributesAccessor", __schema, __f)
        }
    }
};
