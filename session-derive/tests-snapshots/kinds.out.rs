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
            self.__handle.field::<__Field0<Visitor>>().get()
        }
        /// Reads [`otp`](Self::otp) in place, for values that are costly to clone.
        #[inline]
        pub fn with_otp<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&String) -> __R,
        ) -> ::core::option::Option<__R> {
            self.__handle.field::<__Field0<Visitor>>().with(__read)
        }
        /// Sets [`otp`](Self::otp).
        #[inline]
        pub fn set_otp(&self, __value: String) {
            self.__handle.field::<__Field0<Visitor>>().set(__value)
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
            self.__handle.field::<__Field0<Visitor>>().update(__update)
        }
        /// Returns [`otp`](Self::otp) and removes it.
        #[inline]
        pub fn take_otp(&self) -> ::core::option::Option<String> {
            self.__handle.field::<__Field0<Visitor>>().take()
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
            self.__handle.field::<__Field0<Visitor>>().consume()
        }
        /// Removes [`otp`](Self::otp).
        #[inline]
        pub fn clear_otp(&self) {
            self.__handle.field::<__Field0<Visitor>>().clear()
        }
        /// Returns `visits`, or its default.
        #[must_use]
        #[inline]
        pub fn visits(&self) -> u64 {
            self.__handle.field::<__Field1<Visitor>>().get_or(Self::__default_visits)
        }
        /// Reads [`visits`](Self::visits) in place, for values that are costly to clone.
        #[inline]
        pub fn with_visits<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&u64) -> __R,
        ) -> __R {
            self.__handle
                .field::<__Field1<Visitor>>()
                .with_or(Self::__default_visits, __read)
        }
        /// Sets [`visits`](Self::visits).
        #[inline]
        pub fn set_visits(&self, __value: u64) {
            self.__handle.field::<__Field1<Visitor>>().set(__value)
        }
        /// Updates [`visits`](Self::visits) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_visits(
            &self,
            __update: impl ::core::ops::Fn(&mut u64) + ::core::marker::Send + 'static,
        ) {
            self.__handle
                .field::<__Field1<Visitor>>()
                .update_or(Self::__default_visits, __update)
        }
        /// Removes [`visits`](Self::visits), which reads as its default then.
        #[inline]
        pub fn clear_visits(&self) {
            self.__handle.field::<__Field1<Visitor>>().clear()
        }
        #[inline]
        fn __default_visits() -> u64 {
            <u64 as ::core::default::Default>::default()
        }
        /// Returns `theme`, or its default.
        #[must_use]
        #[inline]
        pub fn theme(&self) -> Theme {
            self.__handle.field::<__Field2<Visitor>>().get_or(Self::__default_theme)
        }
        /// Reads [`theme`](Self::theme) in place, for values that are costly to clone.
        #[inline]
        pub fn with_theme<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&Theme) -> __R,
        ) -> __R {
            self.__handle
                .field::<__Field2<Visitor>>()
                .with_or(Self::__default_theme, __read)
        }
        /// Sets [`theme`](Self::theme).
        #[inline]
        pub fn set_theme(&self, __value: Theme) {
            self.__handle.field::<__Field2<Visitor>>().set(__value)
        }
        /// Updates [`theme`](Self::theme) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_theme(
            &self,
            __update: impl ::core::ops::Fn(&mut Theme) + ::core::marker::Send + 'static,
        ) {
            self.__handle
                .field::<__Field2<Visitor>>()
                .update_or(Self::__default_theme, __update)
        }
        /// Removes [`theme`](Self::theme), which reads as its default then.
        #[inline]
        pub fn clear_theme(&self) {
            self.__handle.field::<__Field2<Visitor>>().clear()
        }
        #[inline]
        fn __default_theme() -> Theme {
            Visitor::palette().first().copied::<Theme>().unwrap_or(Theme::Light)
        }
        /// Returns `tenant`.
        #[must_use]
        #[inline]
        pub fn tenant(&self) -> Tenant {
            self.__handle.field::<__Field3<Visitor>>().get_required()
        }
        /// Reads [`tenant`](Self::tenant) in place, for values that are costly to clone.
        #[inline]
        pub fn with_tenant<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&Tenant) -> __R,
        ) -> __R {
            self.__handle.field::<__Field3<Visitor>>().with_required(__read)
        }
        /// Sets [`tenant`](Self::tenant).
        #[inline]
        pub fn set_tenant(&self, __value: Tenant) {
            self.__handle.field::<__Field3<Visitor>>().set(__value)
        }
        /// Updates [`tenant`](Self::tenant) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_tenant(
            &self,
            __update: impl ::core::ops::Fn(&mut Tenant) + ::core::marker::Send + 'static,
        ) {
            self.__handle.field::<__Field3<Visitor>>().update_required(__update)
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
                ::session::__private::Access::<
                    __Field0<Visitor>,
                >::optional("otp", "otp"),
                ::session::__private::Access::<
                    __Field1<Visitor>,
                >::default("visits", "visits"),
                ::session::__private::Access::<
                    __Field2<Visitor>,
                >::default("theme", "theme"),
                ::session::__private::Access::<
                    __Field3<Visitor>,
                >::required("tenant", "tenant"),
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
    struct __Field0<__S>(::core::marker::PhantomData<__S>);
    #[automatically_derived]
    impl ::session::__private::TypedField for __Field0<Visitor> {
        type Schema = Visitor;
        type Value = String;
        const INDEX: usize = 0usize;
    }
    struct __Field1<__S>(::core::marker::PhantomData<__S>);
    #[automatically_derived]
    impl ::session::__private::TypedField for __Field1<Visitor> {
        type Schema = Visitor;
        type Value = u64;
        const INDEX: usize = 1usize;
    }
    struct __Field2<__S>(::core::marker::PhantomData<__S>);
    #[automatically_derived]
    impl ::session::__private::TypedField for __Field2<Visitor> {
        type Schema = Visitor;
        type Value = Theme;
        const INDEX: usize = 2usize;
    }
    struct __Field3<__S>(::core::marker::PhantomData<__S>);
    #[automatically_derived]
    impl ::session::__private::TypedField for __Field3<Visitor> {
        type Schema = Visitor;
        type Value = Tenant;
        const INDEX: usize = 3usize;
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
