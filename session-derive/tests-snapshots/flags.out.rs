/// Typed access to a session, generated from [`Flags`].
#[allow(dead_code, clippy::impl_trait_in_params)]
struct FlagsAccessor {
    __handle: ::session::__private::Handle,
    __schema: ::core::marker::PhantomData<fn() -> Flags>,
}
#[allow(dead_code, clippy::impl_trait_in_params)]
const _: () = {
    impl FlagsAccessor {
        /// Returns `role`.
        #[must_use]
        #[inline]
        fn role(&self) -> Role {
            ::session::__private::get_required::<Flags, __Field0>(&self.__handle, 0usize)
        }
        /// Reads [`role`](Self::role) in place, for values that are costly to clone.
        #[inline]
        fn with_role<__R>(&self, __read: impl ::core::ops::FnOnce(&Role) -> __R) -> __R {
            ::session::__private::with_required::<
                Flags,
                __Field0,
                _,
            >(&self.__handle, 0usize, __read)
        }
        /// Returns `pin`, if the session has it.
        #[must_use]
        #[inline]
        fn pin(&self) -> ::core::option::Option<u32> {
            ::session::__private::get::<Flags, __Field1>(&self.__handle, 1usize)
        }
        /// Reads [`pin`](Self::pin) in place, for values that are costly to clone.
        #[inline]
        fn with_pin<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&u32) -> __R,
        ) -> ::core::option::Option<__R> {
            ::session::__private::with::<
                Flags,
                __Field1,
                _,
            >(&self.__handle, 1usize, __read)
        }
        /// Sets [`pin`](Self::pin).
        #[inline]
        fn set_pin(&self, __value: u32) {
            ::session::__private::set::<Flags, __Field1>(&self.__handle, 1usize, __value)
        }
        /// Updates [`pin`](Self::pin) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        fn update_pin(
            &self,
            __update: impl ::core::ops::Fn(
                &mut ::core::option::Option<u32>,
            ) + ::core::marker::Send + 'static,
        ) {
            ::session::__private::update::<
                Flags,
                __Field1,
            >(&self.__handle, 1usize, __update)
        }
        /// Returns [`pin`](Self::pin) and removes it.
        #[inline]
        fn take_pin(&self) -> ::core::option::Option<u32> {
            ::session::__private::take::<Flags, __Field1>(&self.__handle, 1usize)
        }
        /// Removes [`pin`](Self::pin) at once, and returns it to exactly one of all concurrent callers.
        ///
        /// # Errors
        ///
        /// The session could not be committed.
        #[inline]
        fn consume_pin(&self) -> ::session::Consume<'_, u32> {
            ::session::__private::consume::<Flags, __Field1>(&self.__handle, 1usize)
        }
        /// Removes [`pin`](Self::pin).
        #[inline]
        fn clear_pin(&self) {
            ::session::__private::clear::<Flags, __Field1>(&self.__handle, 1usize)
        }
        /// Returns `beta`, or its default.
        #[must_use]
        #[inline]
        fn beta(&self) -> bool {
            ::session::__private::get_or::<
                Flags,
                __Field2,
            >(&self.__handle, 2usize, Self::__default_beta)
        }
        /// Reads [`beta`](Self::beta) in place, for values that are costly to clone.
        #[inline]
        fn with_beta<__R>(&self, __read: impl ::core::ops::FnOnce(&bool) -> __R) -> __R {
            ::session::__private::with_or::<
                Flags,
                __Field2,
                _,
            >(&self.__handle, 2usize, Self::__default_beta, __read)
        }
        #[inline]
        fn __default_beta() -> bool {
            <bool as ::core::default::Default>::default()
        }
        /// The session itself, for what the schema does not describe.
        #[must_use]
        #[inline]
        fn session(&self) -> &::session::Session {
            self.__handle.session()
        }
        /// The whole [`Flags`] as it is now. Flash fields are not taken.
        #[must_use]
        #[inline]
        fn snapshot(&self) -> Flags {
            Flags {
                role: self.role(),
                pin: self.pin(),
                beta: self.beta(),
            }
        }
        fn __read(__schema: &Flags) {
            let _ = &__schema.role;
            let _ = &__schema.pin;
            let _ = &__schema.beta;
        }
    }
    #[automatically_derived]
    impl ::session::SessionSchema for Flags {
        type Accessor = FlagsAccessor;
        const SCHEMA: &'static ::session::__private::Schema = &::session::__private::Schema {
            name: "Flags",
            fields: &[
                ::session::__private::required::<Flags, __Field0>("role", "role")
                    .read_only()
                    .strict(),
                ::session::__private::optional::<Flags, __Field1>("pin", "pin")
                    .ttl(5400000u64)
                    .keep()
                    .secret(),
                ::session::__private::default::<Flags, __Field2>("beta", "beta")
                    .read_only(),
            ],
            on_missing: ::session::__private::OnMissing::Status(401u16),
        };
        #[inline]
        fn __accessor(__handle: ::session::__private::Handle) -> FlagsAccessor {
            FlagsAccessor {
                __handle,
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    enum __Field0 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Flags> for __Field0 {
        type Value = Role;
    }
    enum __Field1 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Flags> for __Field1 {
        type Value = u32;
    }
    enum __Field2 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Flags> for __Field2 {
        type Value = bool;
    }
    #[automatically_derived]
    impl ::core::clone::Clone for FlagsAccessor {
        #[inline]
        fn clone(&self) -> Self {
            FlagsAccessor {
                __handle: ::core::clone::Clone::clone(&self.__handle),
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for FlagsAccessor {
        #[inline]
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let __schema = <Flags as ::session::SessionSchema>::SCHEMA;
            self.__handle.fmt_debug("FlagsAccessor", __schema, __f)
        }
    }
};
