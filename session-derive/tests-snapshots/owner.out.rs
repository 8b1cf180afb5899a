/// Typed access to a session, generated from [`SignedIn`].
#[allow(dead_code)]
struct SignedInAccessor {
    __handle: ::session::__private::Handle,
    __schema: ::core::marker::PhantomData<fn() -> SignedIn>,
}
#[allow(dead_code)]
const _: () = {
    impl SignedInAccessor {
        /// Returns `user_id`.
        #[must_use]
        #[inline]
        fn user_id(&self) -> UserId {
            self.__handle.field::<SignedIn, __Private, 0usize>().get_required()
        }
        /// Reads [`user_id`](Self::user_id) in place, for values that are costly to clone.
        #[inline]
        fn with_user_id<__R>(
            &self,
            read: impl ::core::ops::FnOnce(&UserId) -> __R,
        ) -> __R {
            self.__handle.field::<SignedIn, __Private, 0usize>().with_required(read)
        }
        /// Sets [`user_id`](Self::user_id): signs in, and the session id rotates.
        #[inline]
        fn set_user_id(&self, value: UserId) {
            self.__handle.field::<SignedIn, __Private, 0usize>().set(value)
        }
        /// Returns `theme`, or its default.
        #[must_use]
        #[inline]
        fn theme(&self) -> Theme {
            self.__handle
                .field::<SignedIn, __Private, 1usize>()
                .get_or(Self::__default_theme)
        }
        /// Reads [`theme`](Self::theme) in place, for values that are costly to clone.
        #[inline]
        fn with_theme<__R>(&self, read: impl ::core::ops::FnOnce(&Theme) -> __R) -> __R {
            self.__handle
                .field::<SignedIn, __Private, 1usize>()
                .with_or(Self::__default_theme, read)
        }
        /// Sets [`theme`](Self::theme).
        #[inline]
        fn set_theme(&self, value: Theme) {
            self.__handle.field::<SignedIn, __Private, 1usize>().set(value)
        }
        /// Updates [`theme`](Self::theme) atomically across concurrent requests.
        ///
        /// `update` runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        fn update_theme(
            &self,
            update: impl ::core::ops::Fn(&mut Theme) + ::core::marker::Send + 'static,
        ) {
            self.__handle
                .field::<SignedIn, __Private, 1usize>()
                .update_or(Self::__default_theme, update)
        }
        /// Removes [`theme`](Self::theme), which reads as its default then.
        #[inline]
        fn clear_theme(&self) {
            self.__handle.field::<SignedIn, __Private, 1usize>().clear()
        }
        fn __default_theme() -> Theme {
            <Theme as ::core::default::Default>::default()
        }
        /// Returns `csrf`, if the session has it.
        #[must_use]
        #[inline]
        fn csrf(&self) -> ::core::option::Option<Token> {
            self.__handle.field::<SignedIn, __Private, 2usize>().get()
        }
        /// Reads [`csrf`](Self::csrf) in place, for values that are costly to clone.
        #[inline]
        fn with_csrf<__R>(
            &self,
            read: impl ::core::ops::FnOnce(&Token) -> __R,
        ) -> ::core::option::Option<__R> {
            self.__handle.field::<SignedIn, __Private, 2usize>().with(read)
        }
        /// Sets [`csrf`](Self::csrf).
        #[inline]
        fn set_csrf(&self, value: Token) {
            self.__handle.field::<SignedIn, __Private, 2usize>().set(value)
        }
        /// Updates [`csrf`](Self::csrf) atomically across concurrent requests.
        ///
        /// `update` runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        fn update_csrf(
            &self,
            update: impl ::core::ops::Fn(
                &mut ::core::option::Option<Token>,
            ) + ::core::marker::Send + 'static,
        ) {
            self.__handle.field::<SignedIn, __Private, 2usize>().update(update)
        }
        /// Returns [`csrf`](Self::csrf) and removes it.
        #[inline]
        fn take_csrf(&self) -> ::core::option::Option<Token> {
            self.__handle.field::<SignedIn, __Private, 2usize>().take()
        }
        /// Removes [`csrf`](Self::csrf) at once, and returns it to exactly one of all concurrent callers.
        ///
        /// # Errors
        ///
        /// The session could not be committed.
        #[inline]
        fn consume_csrf(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                ::core::option::Option<Token>,
                ::session::Error,
            >,
        > + ::core::marker::Send + use<'_> {
            self.__handle.field::<SignedIn, __Private, 2usize>().consume()
        }
        /// Removes [`csrf`](Self::csrf).
        #[inline]
        fn clear_csrf(&self) {
            self.__handle.field::<SignedIn, __Private, 2usize>().clear()
        }
        /// The session itself, for what the schema does not describe.
        #[must_use]
        fn session(&self) -> &::session::Session {
            self.__handle.session()
        }
        /// The whole [`SignedIn`] as it is now. Flash fields are not taken.
        #[must_use]
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
                ::session::__private::Access::<
                    SignedIn,
                    __Private,
                    0usize,
                >::required("user_id", "user_id")
                    .owner(
                        ::session::__private::Access::<
                            SignedIn,
                            __Private,
                            0usize,
                        >::owner_key,
                    ),
                ::session::__private::Access::<
                    SignedIn,
                    __Private,
                    1usize,
                >::default("theme", "theme")
                    .keep(),
                ::session::__private::Access::<
                    SignedIn,
                    __Private,
                    2usize,
                >::optional("csrf", "csrf")
                    .per_login(),
            ],
            on_missing: ::session::__private::OnMissing::Redirect {
                to: "/login",
                next: ::core::option::Option::Some("next"),
            },
        };
        fn __accessor(__handle: ::session::__private::Handle) -> SignedInAccessor {
            SignedInAccessor {
                __handle,
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    enum __Private {}
    #[automatically_derived]
    impl ::session::__private::TypedField<__Private, 0usize> for SignedIn {
        type Value = UserId;
    }
    #[automatically_derived]
    impl ::session::__private::OwnerField<__Private, 0usize> for SignedIn {
        type Owner = UserId;
        fn owner(__value: &UserId) -> &UserId {
            __value
        }
    }
    #[automatically_derived]
    impl ::session::__private::TypedField<__Private, 1usize> for SignedIn {
        type Value = Theme;
    }
    #[automatically_derived]
    impl ::session::__private::TypedField<__Private, 2usize> for SignedIn {
        type Value = Token;
    }
    #[automatically_derived]
    impl ::core::clone::Clone for SignedInAccessor {
        fn clone(&self) -> Self {
            SignedInAccessor {
                __handle: ::core::clone::Clone::clone(&self.__handle),
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for SignedInAccessor {
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let __schema = <SignedIn as ::session::SessionSchema>::SCHEMA;
            self.__handle.fmt_debug("SignedInAccessor", __schema, __f)
        }
    }
};
