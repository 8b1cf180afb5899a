/// Typed access to a session, generated from [`Visitor`].
#[allow(dead_code, clippy::impl_trait_in_params)]
pub struct VisitorAccessor {
    __handle: ::session::__private::Handle,
    __schema: ::core::marker::PhantomData<fn() -> Visitor>,
}
#[allow(dead_code, clippy::impl_trait_in_params)]
const _: () = {
    impl VisitorAccessor {
        /// A code that was sent by mail.
        #[must_use]
        #[inline]
        pub fn otp(&self) -> ::core::option::Option<String> {
            ::session::__private::get::<Visitor, __Field0>(&self.__handle, 0usize)
        }
        /// Reads [`otp`](Self::otp) in place, for values that are costly to clone.
        #[inline]
        pub fn with_otp<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&String) -> __R,
        ) -> ::core::option::Option<__R> {
            ::session::__private::with::<
                Visitor,
                __Field0,
                _,
            >(&self.__handle, 0usize, __read)
        }
        /// Sets [`otp`](Self::otp).
        #[inline]
        pub fn set_otp(&self, __value: String) {
            ::session::__private::set::<
                Visitor,
                __Field0,
            >(&self.__handle, 0usize, __value)
        }
        /// Updates [`otp`](Self::otp) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_otp(
            &self,
            __update: impl ::core::ops::Fn(
                &mut ::core::option::Option<String>,
            ) + ::core::marker::Send + 'static,
        ) {
            ::session::__private::update::<
                Visitor,
                __Field0,
            >(&self.__handle, 0usize, __update)
        }
        /// Returns [`otp`](Self::otp) and removes it.
        #[inline]
        pub fn take_otp(&self) -> ::core::option::Option<String> {
            ::session::__private::take::<Visitor, __Field0>(&self.__handle, 0usize)
        }
        /// Removes [`otp`](Self::otp) at once, and returns it to exactly one of all concurrent callers.
        ///
        /// # Errors
        ///
        /// The session could not be committed.
        #[inline]
        pub fn consume_otp(&self) -> ::session::Consume<'_, String> {
            ::session::__private::consume::<Visitor, __Field0>(&self.__handle, 0usize)
        }
        /// Removes [`otp`](Self::otp).
        #[inline]
        pub fn clear_otp(&self) {
            ::session::__private::clear::<Visitor, __Field0>(&self.__handle, 0usize)
        }
        /// Returns `visits`, or its default.
        #[must_use]
        #[inline]
        pub fn visits(&self) -> u64 {
            ::session::__private::get_or::<
                Visitor,
                __Field1,
            >(&self.__handle, 1usize, Self::__default_visits)
        }
        /// Reads [`visits`](Self::visits) in place, for values that are costly to clone.
        #[inline]
        pub fn with_visits<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&u64) -> __R,
        ) -> __R {
            ::session::__private::with_or::<
                Visitor,
                __Field1,
                _,
            >(&self.__handle, 1usize, Self::__default_visits, __read)
        }
        /// Sets [`visits`](Self::visits).
        #[inline]
        pub fn set_visits(&self, __value: u64) {
            ::session::__private::set::<
                Visitor,
                __Field1,
            >(&self.__handle, 1usize, __value)
        }
        /// Updates [`visits`](Self::visits) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_visits(
            &self,
            __update: impl ::core::ops::Fn(&mut u64) + ::core::marker::Send + 'static,
        ) {
            ::session::__private::update_or::<
                Visitor,
                __Field1,
            >(&self.__handle, 1usize, Self::__default_visits, __update)
        }
        /// Removes [`visits`](Self::visits), which reads as its default then.
        #[inline]
        pub fn clear_visits(&self) {
            ::session::__private::clear::<Visitor, __Field1>(&self.__handle, 1usize)
        }
        #[inline]
        fn __default_visits() -> u64 {
            <u64 as ::core::default::Default>::default()
        }
        /// Returns `theme`, or its default.
        #[must_use]
        #[inline]
        pub fn theme(&self) -> Theme {
            ::session::__private::get_or::<
                Visitor,
                __Field2,
            >(&self.__handle, 2usize, Self::__default_theme)
        }
        /// Reads [`theme`](Self::theme) in place, for values that are costly to clone.
        #[inline]
        pub fn with_theme<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&Theme) -> __R,
        ) -> __R {
            ::session::__private::with_or::<
                Visitor,
                __Field2,
                _,
            >(&self.__handle, 2usize, Self::__default_theme, __read)
        }
        /// Sets [`theme`](Self::theme).
        #[inline]
        pub fn set_theme(&self, __value: Theme) {
            ::session::__private::set::<
                Visitor,
                __Field2,
            >(&self.__handle, 2usize, __value)
        }
        /// Updates [`theme`](Self::theme) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_theme(
            &self,
            __update: impl ::core::ops::Fn(&mut Theme) + ::core::marker::Send + 'static,
        ) {
            ::session::__private::update_or::<
                Visitor,
                __Field2,
            >(&self.__handle, 2usize, Self::__default_theme, __update)
        }
        /// Removes [`theme`](Self::theme), which reads as its default then.
        #[inline]
        pub fn clear_theme(&self) {
            ::session::__private::clear::<Visitor, __Field2>(&self.__handle, 2usize)
        }
        #[inline]
        fn __default_theme() -> Theme {
            Visitor::palette().first().copied::<Theme>().unwrap_or(Theme::Light)
        }
        /// Returns `tenant`.
        #[must_use]
        #[inline]
        pub fn tenant(&self) -> Tenant {
            ::session::__private::get_required::<
                Visitor,
                __Field3,
            >(&self.__handle, 3usize)
        }
        /// Reads [`tenant`](Self::tenant) in place, for values that are costly to clone.
        #[inline]
        pub fn with_tenant<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&Tenant) -> __R,
        ) -> __R {
            ::session::__private::with_required::<
                Visitor,
                __Field3,
                _,
            >(&self.__handle, 3usize, __read)
        }
        /// Sets [`tenant`](Self::tenant).
        #[inline]
        pub fn set_tenant(&self, __value: Tenant) {
            ::session::__private::set::<
                Visitor,
                __Field3,
            >(&self.__handle, 3usize, __value)
        }
        /// Updates [`tenant`](Self::tenant) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_tenant(
            &self,
            __update: impl ::core::ops::Fn(&mut Tenant) + ::core::marker::Send + 'static,
        ) {
            ::session::__private::update_required::<
                Visitor,
                __Field3,
            >(&self.__handle, 3usize, __update)
        }
        /// The session itself, for what the schema does not describe.
        #[must_use]
        #[inline]
        pub fn session(&self) -> &::session::Session {
            self.__handle.session()
        }
        /// The whole [`Visitor`] as it is now. Flash fields are not taken.
        #[must_use]
        #[inline]
        pub fn snapshot(&self) -> Visitor {
            Visitor {
                otp: self.otp(),
                visits: self.visits(),
                theme: self.theme(),
                tenant: self.tenant(),
            }
        }
        fn __read(__schema: &Visitor) {
            let _ = &__schema.otp;
            let _ = &__schema.visits;
            let _ = &__schema.theme;
            let _ = &__schema.tenant;
        }
    }
    #[automatically_derived]
    impl ::session::SessionSchema for Visitor {
        type Accessor = VisitorAccessor;
        const SCHEMA: &'static ::session::__private::Schema = &::session::__private::Schema {
            name: "Visitor",
            fields: &[
                ::session::__private::optional::<Visitor, __Field0>("otp", "otp"),
                ::session::__private::default::<Visitor, __Field1>("visits", "visits"),
                ::session::__private::default::<Visitor, __Field2>("theme", "theme"),
                ::session::__private::required::<Visitor, __Field3>("tenant", "tenant"),
            ],
            on_missing: ::session::__private::OnMissing::Status(401u16),
        };
        #[inline]
        fn __accessor(__handle: ::session::__private::Handle) -> VisitorAccessor {
            VisitorAccessor {
                __handle,
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    enum __Field0 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Visitor> for __Field0 {
        type Value = String;
    }
    enum __Field1 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Visitor> for __Field1 {
        type Value = u64;
    }
    enum __Field2 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Visitor> for __Field2 {
        type Value = Theme;
    }
    enum __Field3 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Visitor> for __Field3 {
        type Value = Tenant;
    }
    #[automatically_derived]
    impl ::core::clone::Clone for VisitorAccessor {
        #[inline]
        fn clone(&self) -> Self {
            VisitorAccessor {
                __handle: ::core::clone::Clone::clone(&self.__handle),
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for VisitorAccessor {
        #[inline]
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let __schema = <Visitor as ::session::SessionSchema>::SCHEMA;
            self.__handle.fmt_debug("VisitorAccessor", __schema, __f)
        }
    }
};
