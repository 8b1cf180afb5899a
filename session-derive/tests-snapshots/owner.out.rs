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
            self.__handle.field::<__Field0<SignedIn>>().get_required()
        }
        /// Reads [`user_id`](Self::user_id) in place, for values that are costly to clone.
        #[inline]
        fn with_user_id<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&UserId) -> __R,
        ) -> __R {
            self.__handle.field::<__Field0<SignedIn>>().with_required(__read)
        }
        /// Sets [`user_id`](Self::user_id): signs in, and the session id rotates.
        #[inline]
        fn set_user_id(&self, __value: UserId) {
            self.__handle.field::<__Field0<SignedIn>>().set(__value)
        }
        /// Returns `theme`, or its default.
        #[must_use]
        #[inline]
        fn theme(&self) -> Theme {
            self.__handle.field::<__Field1<SignedIn>>().get_or(Self::__default_theme)
        }
        /// Reads [`theme`](Self::theme) in place, for values that are costly to clone.
        #[inline]
        fn with_theme<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&Theme) -> __R,
        ) -> __R {
            self.__handle
                .field::<__Field1<SignedIn>>()
                .with_or(Self::__default_theme, __read)
        }
        /// Sets [`theme`](Self::theme).
        #[inline]
        fn set_theme(&self, __value: Theme) {
            self.__handle.field::<__Field1<SignedIn>>().set(__value)
        }
        /// Updates [`theme`](Self::theme) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        fn update_theme(
            &self,
            __update: impl ::core::ops::Fn(&mut Theme) + ::core::marker::Send + 'static,
        ) {
            self.__handle
                .field::<__Field1<SignedIn>>()
                .update_or(Self::__default_theme, __update)
        }
        /// Removes [`theme`](Self::theme), which reads as its default then.
        #[inline]
        fn clear_theme(&self) {
            self.__handle.field::<__Field1<SignedIn>>().clear()
        }
        #[inline]
        fn __default_theme() -> Theme {
            <Theme as ::core::default::Default>::default()
        }
        /// Returns `csrf`, if the session has it.
        #[must_use]
        #[inline]
        fn csrf(&self) -> ::core::option::Option<Token> {
            self.__handle.field::<__Field2<SignedIn>>().get()
        }
        /// Reads [`csrf`](Self::csrf) in place, for values that are costly to clone.
        #[inline]
        fn with_csrf<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&Token) -> __R,
        ) -> ::core::option::Option<__R> {
            self.__handle.field::<__Field2<SignedIn>>().with(__read)
        }
        /// Sets [`csrf`](Self::csrf).
        #[inline]
        fn set_csrf(&self, __value: Token) {
            self.__handle.field::<__Field2<SignedIn>>().set(__value)
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
            self.__handle.field::<__Field2<SignedIn>>().update(__update)
        }
        /// Returns [`csrf`](Self::csrf) and removes it.
        #[inline]
        fn take_csrf(&self) -> ::core::option::Option<Token> {
            self.__handle.field::<__Field2<SignedIn>>().take()
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
            self.__handle.field::<__Field2<SignedIn>>().consume()
        }
        /// Removes [`csrf`](Self::csrf).
        #[inline]
        fn clear_csrf(&self) {
            self.__handle.field::<__Field2<SignedIn>>().clear()
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
                ::session::__private::Access::<
                    __Field0<SignedIn>,
                >::required("user_id", "user_id")
                    .owner(
                        ::session::__private::Access::<__Field0<SignedIn>>::owner_key,
                    ),
                ::session::__private::Access::<
                    __Field1<SignedIn>,
                >::default("theme", "theme")
                    .keep(),
                ::session::__private::Access::<
                    __Field2<SignedIn>,
                >::optional("csrf", "csrf")
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
    struct __Field0<__S>(::core::marker::PhantomData<__S>);
    #[automatically_derived]
    impl ::session::__private::TypedField for __Field0<SignedIn> {
        type Schema = SignedIn;
        type Value = UserId;
        const INDEX: usize = 0usize;
    }
    #[automatically_derived]
    impl ::session::__private::OwnerField for __Field0<SignedIn> {
        type Owner = UserId;
        fn owner(__value: &UserId) -> &UserId {
            __value
        }
    }
    struct __Field1<__S>(::core::marker::PhantomData<__S>);
    #[automatically_derived]
    impl ::session::__private::TypedField for __Field1<SignedIn> {
        type Schema = SignedIn;
        type Value = Theme;
        const INDEX: usize = 1usize;
    }
    struct __Field2<__S>(::core::marker::PhantomData<__S>);
    #[automatically_derived]
    impl ::session::__private::TypedField for __Field2<SignedIn> {
        type Schema = SignedIn;
        type Value = Token;
        const INDEX: usize = 2usize;
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
