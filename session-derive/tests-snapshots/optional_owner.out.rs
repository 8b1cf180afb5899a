/// Typed access to a session, generated from [`Account`].
#[allow(dead_code, clippy::impl_trait_in_params)]
pub(crate) struct AccountSession {
    __handle: crate::prelude::session::__private::Handle,
    __schema: ::core::marker::PhantomData<fn() -> Account>,
}
#[allow(dead_code, clippy::impl_trait_in_params)]
const _: () = {
    impl AccountSession {
        /// Returns `user_id`, if the session has it.
        #[must_use]
        #[inline]
        pub(crate) fn user_id(&self) -> ::core::option::Option<UserId> {
            crate::prelude::session::__private::get::<
                Account,
                __Field0,
            >(&self.__handle, 0usize)
        }
        /// Reads [`user_id`](Self::user_id) in place, for values that are costly to clone.
        #[inline]
        pub(crate) fn with_user_id<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&UserId) -> __R,
        ) -> ::core::option::Option<__R> {
            crate::prelude::session::__private::with::<
                Account,
                __Field0,
                _,
            >(&self.__handle, 0usize, __read)
        }
        /// Sets [`user_id`](Self::user_id): signs in, and the session id rotates.
        #[inline]
        pub(crate) fn set_user_id(&self, __value: UserId) {
            crate::prelude::session::__private::set::<
                Account,
                __Field0,
            >(&self.__handle, 0usize, __value)
        }
        /// Removes [`user_id`](Self::user_id): signs out, and the id rotates.
        #[inline]
        pub(crate) fn clear_user_id(&self) {
            crate::prelude::session::__private::clear::<
                Account,
                __Field0,
            >(&self.__handle, 0usize)
        }
        /// Returns `role`.
        #[must_use]
        #[inline]
        fn role(&self) -> Role {
            crate::prelude::session::__private::get_required::<
                Account,
                __Field1,
            >(&self.__handle, 1usize)
        }
        /// Reads [`role`](Self::role) in place, for values that are costly to clone.
        #[inline]
        fn with_role<__R>(&self, __read: impl ::core::ops::FnOnce(&Role) -> __R) -> __R {
            crate::prelude::session::__private::with_required::<
                Account,
                __Field1,
                _,
            >(&self.__handle, 1usize, __read)
        }
        /// Sets [`role`](Self::role).
        #[inline]
        fn set_role(&self, __value: Role) {
            crate::prelude::session::__private::set::<
                Account,
                __Field1,
            >(&self.__handle, 1usize, __value)
        }
        /// Updates [`role`](Self::role) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        fn update_role(
            &self,
            __update: impl ::core::ops::Fn(&mut Role) + ::core::marker::Send + 'static,
        ) {
            crate::prelude::session::__private::update_required::<
                Account,
                __Field1,
            >(&self.__handle, 1usize, __update)
        }
        /// The session itself, for what the schema does not describe.
        #[must_use]
        #[inline]
        pub(crate) fn session(&self) -> &crate::prelude::session::Session {
            self.__handle.session()
        }
        /// The whole [`Account`] as it is now. Flash fields are not taken.
        #[must_use]
        #[inline]
        pub(crate) fn snapshot(&self) -> Account {
            Account {
                user_id: self.user_id(),
                role: self.role(),
            }
        }
        fn __read(__schema: &Account) {
            let _ = &__schema.user_id;
            let _ = &__schema.role;
        }
    }
    #[automatically_derived]
    impl crate::prelude::session::SessionSchema for Account {
        type Accessor = AccountSession;
        const SCHEMA: &'static crate::prelude::session::__private::Schema = &crate::prelude::session::__private::Schema {
            name: "Account",
            fields: &[
                crate::prelude::session::__private::optional::<
                    Account,
                    __Field0,
                >("user_id", "user_id")
                    .owner(
                        crate::prelude::session::__private::owner_key::<
                            Account,
                            __Field0,
                        >,
                    )
                    .secret(),
                crate::prelude::session::__private::required::<
                    Account,
                    __Field1,
                >("role", "role"),
            ],
            on_missing: crate::prelude::session::__private::OnMissing::Status(403u16),
        };
        #[inline]
        fn __accessor(
            __handle: crate::prelude::session::__private::Handle,
        ) -> AccountSession {
            AccountSession {
                __handle,
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    enum __Field0 {}
    #[automatically_derived]
    impl crate::prelude::session::__private::TypedField<Account> for __Field0 {
        type Value = UserId;
    }
    #[automatically_derived]
    impl crate::prelude::session::__private::OwnerField<Account> for __Field0 {
        type Owner = UserId;
        fn owner(__value: &UserId) -> &UserId {
            __value
        }
    }
    enum __Field1 {}
    #[automatically_derived]
    impl crate::prelude::session::__private::TypedField<Account> for __Field1 {
        type Value = Role;
    }
    #[automatically_derived]
    impl ::core::clone::Clone for AccountSession {
        #[inline]
        fn clone(&self) -> Self {
            AccountSession {
                __handle: ::core::clone::Clone::clone(&self.__handle),
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for AccountSession {
        #[inline]
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let __schema = <Account as crate::prelude::session::SessionSchema>::SCHEMA;
            self.__handle.fmt_debug("AccountSession", __schema, __f)
        }
    }
};
