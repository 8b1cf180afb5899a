/// Typed access to a session, generated from [`SignedIn`].
#[allow(dead_code, clippy::impl_trait_in_params)]
struct SignedInAccessor {
    __handle: ::session::__private::Handle,
    __schema: ::core::marker::PhantomData<fn() -> SignedIn>,
}
#[allow(dead_code, clippy::impl_trait_in_params)]
const _: () = {
    impl SignedInAccessor {
        /// Returns `user_id`.
        #[must_use]
        #[inline]
        fn user_id(&self) -> UserId {
            ::session::__private::get_required::<
                SignedIn,
                __Field0,
            >(&self.__handle, 0usize)
        }
        /// Reads [`user_id`](Self::user_id) in place, for values that are costly to clone.
        #[inline]
        fn with_user_id<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&UserId) -> __R,
        ) -> __R {
            ::session::__private::with_required::<
                SignedIn,
                __Field0,
                _,
            >(&self.__handle, 0usize, __read)
        }
        /// Sets [`user_id`](Self::user_id): signs in, and the session id rotates.
        #[inline]
        fn set_user_id(&self, __value: UserId) {
            ::session::__private::set::<
                SignedIn,
                __Field0,
            >(&self.__handle, 0usize, __value)
        }
        /// Returns `theme`, or its default.
        #[must_use]
        #[inline]
        fn theme(&self) -> Theme {
            ::session::__private::get_or::<
                SignedIn,
                __Field1,
            >(&self.__handle, 1usize, Self::__default_theme)
        }
        /// Reads [`theme`](Self::theme) in place, for values that are costly to clone.
        #[inline]
        fn with_theme<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&Theme) -> __R,
        ) -> __R {
            ::session::__private::with_or::<
                SignedIn,
                __Field1,
                _,
            >(&self.__handle, 1usize, Self::__default_theme, __read)
        }
        /// Sets [`theme`](Self::theme).
        #[inline]
        fn set_theme(&self, __value: Theme) {
            ::session::__private::set::<
                SignedIn,
                __Field1,
            >(&self.__handle, 1usize, __value)
        }
        /// Updates [`theme`](Self::theme) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        fn update_theme(
            &self,
            __update: impl ::core::ops::Fn(&mut Theme) + ::core::marker::Send + 'static,
        ) {
            ::session::__private::update_or::<
                SignedIn,
                __Field1,
            >(&self.__handle, 1usize, Self::__default_theme, __update)
        }
        /// Removes [`theme`](Self::theme), which reads as its default then.
        #[inline]
        fn clear_theme(&self) {
            ::session::__private::clear::<SignedIn, __Field1>(&self.__handle, 1usize)
        }
        #[inline]
        fn __default_theme() -> Theme {
            <Theme as ::core::default::Default>::default()
        }
        /// Returns `csrf`, if the session has it.
        #[must_use]
        #[inline]
        fn csrf(&self) -> ::core::option::Option<Token> {
            ::session::__private::get::<SignedIn, __Field2>(&self.__handle, 2usize)
        }
        /// Reads [`csrf`](Self::csrf) in place, for values that are costly to clone.
        #[inline]
        fn with_csrf<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&Token) -> __R,
        ) -> ::core::option::Option<__R> {
            ::session::__private::with::<
                SignedIn,
                __Field2,
                _,
            >(&self.__handle, 2usize, __read)
        }
        /// Sets [`csrf`](Self::csrf).
        #[inline]
        fn set_csrf(&self, __value: Token) {
            ::session::__private::set::<
                SignedIn,
                __Field2,
            >(&self.__handle, 2usize, __value)
        }
        /// Updates [`csrf`](Self::csrf) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        fn update_csrf(
            &self,
            __update: impl ::core::ops::Fn(
                &mut ::core::option::Option<Token>,
            ) + ::core::marker::Send + 'static,
        ) {
            ::session::__private::update::<
                SignedIn,
                __Field2,
            >(&self.__handle, 2usize, __update)
        }
        /// Returns [`csrf`](Self::csrf) and removes it.
        #[inline]
        fn take_csrf(&self) -> ::core::option::Option<Token> {
            ::session::__private::take::<SignedIn, __Field2>(&self.__handle, 2usize)
        }
        /// Removes [`csrf`](Self::csrf) at once, and returns it to exactly one of all concurrent callers.
        ///
        /// # Errors
        ///
        /// The session could not be committed.
        #[inline]
        fn consume_csrf(&self) -> ::session::Consume<'_, Token> {
            ::session::__private::consume::<SignedIn, __Field2>(&self.__handle, 2usize)
        }
        /// Removes [`csrf`](Self::csrf).
        #[inline]
        fn clear_csrf(&self) {
            ::session::__private::clear::<SignedIn, __Field2>(&self.__handle, 2usize)
        }
        /// The session itself, for what the schema does not describe.
        #[must_use]
        #[inline]
        fn session(&self) -> &::session::Session {
            self.__handle.session()
        }
        /// The whole [`SignedIn`] as it is now. Flash fields are not taken.
        #[must_use]
        #[inline]
        fn snapshot(&self) -> SignedIn {
            SignedIn {
                user_id: self.user_id(),
                theme: self.theme(),
                csrf: self.csrf(),
            }
        }
        fn __read(__schema: &SignedIn) {
            let _ = &__schema.user_id;
            let _ = &__schema.theme;
            let _ = &__schema.csrf;
        }
    }
    #[automatically_derived]
    impl ::session::SessionSchema for SignedIn {
        type Accessor = SignedInAccessor;
        const SCHEMA: &'static ::session::__private::Schema = &::session::__private::Schema {
            name: "SignedIn",
            fields: &[
                ::session::__private::required::<
                    SignedIn,
                    __Field0,
                >("user_id", "user_id")
                    .owner(::session::__private::owner_key::<SignedIn, __Field0>),
                ::session::__private::default::<SignedIn, __Field1>("theme", "theme")
                    .keep(),
                ::session::__private::optional::<SignedIn, __Field2>("csrf", "csrf")
                    .per_login(),
            ],
            on_missing: ::session::__private::OnMissing::Redirect {
                to: "/login",
                next: ::core::option::Option::Some("next"),
            },
        };
        #[inline]
        fn __accessor(__handle: ::session::__private::Handle) -> SignedInAccessor {
            SignedInAccessor {
                __handle,
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    enum __Field0 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<SignedIn> for __Field0 {
        type Value = UserId;
    }
    #[automatically_derived]
    impl ::session::__private::OwnerField<SignedIn> for __Field0 {
        type Owner = UserId;
        fn owner(__value: &UserId) -> &UserId {
            __value
        }
    }
    enum __Field1 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<SignedIn> for __Field1 {
        type Value = Theme;
    }
    enum __Field2 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<SignedIn> for __Field2 {
        type Value = Token;
    }
    #[automatically_derived]
    impl ::core::clone::Clone for SignedInAccessor {
        #[inline]
        fn clone(&self) -> Self {
            SignedInAccessor {
                __handle: ::core::clone::Clone::clone(&self.__handle),
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for SignedInAccessor {
        #[inline]
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let __schema = <SignedIn as ::session::SessionSchema>::SCHEMA;
            self.__handle.fmt_debug("SignedInAccessor", __schema, __f)
        }
    }
};
