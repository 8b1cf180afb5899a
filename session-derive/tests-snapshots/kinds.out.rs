/// Typed access to a session, generated from [`Visitor`].
#[allow(dead_code)]
pub struct VisitorAccessor {
    __handle: ::session::__private::Handle,
    __schema: ::core::marker::PhantomData<fn() -> Visitor>,
}
#[allow(dead_code)]
const _: () = {
    impl VisitorAccessor {
        /// A code that was sent by mail.
        #[must_use]
        #[inline]
        pub fn otp(&self) -> ::core::option::Option<String> {
            self.__handle.field::<Visitor, __Private, 0usize>().get()
        }
        /// Reads [`otp`](Self::otp) in place, for values that are costly to clone.
        #[inline]
        pub fn with_otp<__R>(
            &self,
            read: impl ::core::ops::FnOnce(&String) -> __R,
        ) -> ::core::option::Option<__R> {
            self.__handle.field::<Visitor, __Private, 0usize>().with(read)
        }
        /// Sets [`otp`](Self::otp).
        #[inline]
        pub fn set_otp(&self, value: String) {
            self.__handle.field::<Visitor, __Private, 0usize>().set(value)
        }
        /// Updates [`otp`](Self::otp) atomically across concurrent requests.
        ///
        /// `update` runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_otp(
            &self,
            update: impl ::core::ops::Fn(
                &mut ::core::option::Option<String>,
            ) + ::core::marker::Send + 'static,
        ) {
            self.__handle.field::<Visitor, __Private, 0usize>().update(update)
        }
        /// Returns [`otp`](Self::otp) and removes it.
        #[inline]
        pub fn take_otp(&self) -> ::core::option::Option<String> {
            self.__handle.field::<Visitor, __Private, 0usize>().take()
        }
        /// Removes [`otp`](Self::otp) at once, and returns it to exactly one of all concurrent callers.
        ///
        /// # Errors
        ///
        /// The session could not be committed.
        #[inline]
        pub fn consume_otp(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                ::core::option::Option<String>,
                ::session::Error,
            >,
        > + ::core::marker::Send + use<'_> {
            self.__handle.field::<Visitor, __Private, 0usize>().consume()
        }
        /// Removes [`otp`](Self::otp).
        #[inline]
        pub fn clear_otp(&self) {
            self.__handle.field::<Visitor, __Private, 0usize>().clear()
        }
        /// Returns `visits`, or its default.
        #[must_use]
        #[inline]
        pub fn visits(&self) -> u64 {
            self.__handle
                .field::<Visitor, __Private, 1usize>()
                .get_or(Self::__default_visits)
        }
        /// Reads [`visits`](Self::visits) in place, for values that are costly to clone.
        #[inline]
        pub fn with_visits<__R>(
            &self,
            read: impl ::core::ops::FnOnce(&u64) -> __R,
        ) -> __R {
            self.__handle
                .field::<Visitor, __Private, 1usize>()
                .with_or(Self::__default_visits, read)
        }
        /// Sets [`visits`](Self::visits).
        #[inline]
        pub fn set_visits(&self, value: u64) {
            self.__handle.field::<Visitor, __Private, 1usize>().set(value)
        }
        /// Updates [`visits`](Self::visits) atomically across concurrent requests.
        ///
        /// `update` runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_visits(
            &self,
            update: impl ::core::ops::Fn(&mut u64) + ::core::marker::Send + 'static,
        ) {
            self.__handle
                .field::<Visitor, __Private, 1usize>()
                .update_or(Self::__default_visits, update)
        }
        /// Removes [`visits`](Self::visits), which reads as its default then.
        #[inline]
        pub fn clear_visits(&self) {
            self.__handle.field::<Visitor, __Private, 1usize>().clear()
        }
        fn __default_visits() -> u64 {
            <u64 as ::core::default::Default>::default()
        }
        /// Returns `theme`, or its default.
        #[must_use]
        #[inline]
        pub fn theme(&self) -> Theme {
            self.__handle
                .field::<Visitor, __Private, 2usize>()
                .get_or(Self::__default_theme)
        }
        /// Reads [`theme`](Self::theme) in place, for values that are costly to clone.
        #[inline]
        pub fn with_theme<__R>(
            &self,
            read: impl ::core::ops::FnOnce(&Theme) -> __R,
        ) -> __R {
            self.__handle
                .field::<Visitor, __Private, 2usize>()
                .with_or(Self::__default_theme, read)
        }
        /// Sets [`theme`](Self::theme).
        #[inline]
        pub fn set_theme(&self, value: Theme) {
            self.__handle.field::<Visitor, __Private, 2usize>().set(value)
        }
        /// Updates [`theme`](Self::theme) atomically across concurrent requests.
        ///
        /// `update` runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_theme(
            &self,
            update: impl ::core::ops::Fn(&mut Theme) + ::core::marker::Send + 'static,
        ) {
            self.__handle
                .field::<Visitor, __Private, 2usize>()
                .update_or(Self::__default_theme, update)
        }
        /// Removes [`theme`](Self::theme), which reads as its default then.
        #[inline]
        pub fn clear_theme(&self) {
            self.__handle.field::<Visitor, __Private, 2usize>().clear()
        }
        fn __default_theme() -> Theme {
            Visitor::palette().first().copied::<Theme>().unwrap_or(Theme::Light)
        }
        /// Returns `tenant`.
        #[must_use]
        #[inline]
        pub fn tenant(&self) -> Tenant {
            self.__handle.field::<Visitor, __Private, 3usize>().get_required()
        }
        /// Reads [`tenant`](Self::tenant) in place, for values that are costly to clone.
        #[inline]
        pub fn with_tenant<__R>(
            &self,
            read: impl ::core::ops::FnOnce(&Tenant) -> __R,
        ) -> __R {
            self.__handle.field::<Visitor, __Private, 3usize>().with_required(read)
        }
        /// Sets [`tenant`](Self::tenant).
        #[inline]
        pub fn set_tenant(&self, value: Tenant) {
            self.__handle.field::<Visitor, __Private, 3usize>().set(value)
        }
        /// Updates [`tenant`](Self::tenant) atomically across concurrent requests.
        ///
        /// `update` runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_tenant(
            &self,
            update: impl ::core::ops::Fn(&mut Tenant) + ::core::marker::Send + 'static,
        ) {
            self.__handle.field::<Visitor, __Private, 3usize>().update_required(update)
        }
        /// The session itself, for what the schema does not describe.
        #[must_use]
        pub fn session(&self) -> &::session::Session {
            self.__handle.session()
        }
        /// The whole [`Visitor`] as it is now. Flash fields are not taken.
        #[must_use]
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
                ::session::__private::Access::<
                    Visitor,
                    __Private,
                    0usize,
                >::optional("otp", "otp"),
                ::session::__private::Access::<
                    Visitor,
                    __Private,
                    1usize,
                >::default("visits", "visits"),
                ::session::__private::Access::<
                    Visitor,
                    __Private,
                    2usize,
                >::default("theme", "theme"),
                ::session::__private::Access::<
                    Visitor,
                    __Private,
                    3usize,
                >::required("tenant", "tenant"),
            ],
            on_missing: ::session::__private::OnMissing::Status(401u16),
        };
        fn __accessor(__handle: ::session::__private::Handle) -> VisitorAccessor {
            VisitorAccessor {
                __handle,
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    enum __Private {}
    #[automatically_derived]
    impl ::session::__private::TypedField<__Private, 0usize> for Visitor {
        type Value = String;
    }
    #[automatically_derived]
    impl ::session::__private::TypedField<__Private, 1usize> for Visitor {
        type Value = u64;
    }
    #[automatically_derived]
    impl ::session::__private::TypedField<__Private, 2usize> for Visitor {
        type Value = Theme;
    }
    #[automatically_derived]
    impl ::session::__private::TypedField<__Private, 3usize> for Visitor {
        type Value = Tenant;
    }
    #[automatically_derived]
    impl ::core::clone::Clone for VisitorAccessor {
        fn clone(&self) -> Self {
            VisitorAccessor {
                __handle: ::core::clone::Clone::clone(&self.__handle),
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for VisitorAccessor {
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let __schema = <Visitor as ::session::SessionSchema>::SCHEMA;
            self.__handle.fmt_debug("VisitorAccessor", __schema, __f)
        }
    }
};
