#[derive(SessionSchema)]
#[session(next = "next")]
struct Mistakes<'a> {
    #[session(defualt)]
    visits: u64,
    #[session(flash, owner)]
    user_id: Option<&'a str>,
    set_visits: Option<u8>,
}
